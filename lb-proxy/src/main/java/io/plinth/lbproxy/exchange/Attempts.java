package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import org.jspecify.annotations.Nullable;

/** Which servers an exchange was tried on and whether it may be tried once more. Owned by the exchange's event loop. */
final class Attempts {
    private static final int MAX_CONNECTS = 3;

    private long tried;
    private int sent;
    private int connectFailures;
    private boolean reused;
    private boolean freeUsed;
    private @Nullable String failure;

    void begin() {
        tried = 0;
        sent = 0;
        connectFailures = 0;
        reused = false;
        freeUsed = false;
        failure = null;
    }

    /** A bit for each server that failed. */
    long tried() {
        return tried;
    }

    /** What went wrong last; null when nothing did. */
    @Nullable
    String failure() {
        return failure;
    }

    /** Whether the last server was reached over a connection that had idled, which it may just have closed. */
    boolean reused() {
        return reused;
    }

    void sentOver(UpstreamConnection connection) {
        sent++;
        reused = connection.reused();
    }

    private void failed(ServerLane lane, String why) {
        failure = why;
        if (lane.index() < Long.SIZE) {
            tried |= 1L << lane.index();
        }
    }

    /** No connection, so nothing was sent: whether another server may be tried. */
    boolean afterConnectFailed(ServerLane lane, String why) {
        failed(lane, why);
        connectFailures++;
        return connectFailures < Math.min(MAX_CONNECTS, lane.pool().size());
    }

    /**
     * The server closed before a byte of its response: whether a harmless request may be sent again. A connection that
     * had idled for too long is nobody's failure and does not count, once.
     */
    boolean afterClosed(ServerLane lane, String why, int allowed) {
        failed(lane, why);
        if (sent < allowed) {
            return true;
        }
        boolean free = reused && !freeUsed;
        freeUsed = true;
        return free;
    }
}
