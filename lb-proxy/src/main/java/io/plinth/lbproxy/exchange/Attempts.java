package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import org.jspecify.annotations.Nullable;

/**
 * An exchange's way to servers: from which pool, which were tried, whether one more may be. Owned by the exchange's event
 * loop.
 */
final class Attempts {
    private static final int MAX_CONNECTS = 3;

    private static final long FAILURE_NANOS = 1_000_000_000L;

    private RouteTarget.@Nullable Destination destination;
    private int loop;
    private @Nullable ServerLane lane;
    private long tried;
    private int sent;
    private int connectFailures;
    private boolean reused;
    private boolean freeUsed;
    private @Nullable String failure;

    void begin() {
        destination = null;
        lane = null;
        tried = 0;
        sent = 0;
        connectFailures = 0;
        reused = false;
        freeUsed = false;
        failure = null;
    }

    /** The pool it is for, used on loop {@code index}. */
    void to(RouteTarget.Destination pool, int index) {
        destination = pool;
        loop = index;
    }

    /** The pool it is for; null before it is known. */
    RouteTarget.@Nullable Destination destination() {
        return destination;
    }

    private RouteTarget.Destination known() {
        RouteTarget.Destination to = destination;
        if (to == null) {
            throw new IllegalStateException("no pool yet");
        }
        return to;
    }

    /** Asks for a connection. */
    void acquire(UpstreamUser user, boolean fresh) {
        known().pool().loop(loop).acquire(user, tried, fresh);
    }

    /** Asks no longer. */
    void cancel(UpstreamUser user) {
        known().pool().loop(loop).cancel(user);
    }

    /** The first byte of a response came after {@code nanos}. */
    void firstByte(long nanos, long now) {
        ServerLane from = lane;
        if (from != null) {
            from.observe(nanos, now);
            known().latencies().get(loop).add(nanos);
        }
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
        lane = connection.lane();
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
    boolean afterClosed(String why, int allowed, long now) {
        ServerLane from = lane;
        if (from == null) {
            throw new IllegalStateException("closed before anything was sent");
        }
        from.observe(FAILURE_NANOS, now);
        failed(from, why);
        if (sent < allowed) {
            return true;
        }
        boolean free = reused && !freeUsed;
        freeUsed = true;
        return free;
    }
}
