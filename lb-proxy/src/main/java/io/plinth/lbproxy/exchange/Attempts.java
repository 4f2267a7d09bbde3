package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.route.RequestParts;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.HedgeLine;
import io.plinth.lbproxy.upstream.LoopPool;
import io.plinth.lbproxy.upstream.Pick;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.PoolSettings;
import io.plinth.lbproxy.upstream.Server;
import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.Octets;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An exchange's way to servers: from which pool, which were tried, whether one more may be. Owned by the exchange's event
 * loop.
 */
final class Attempts {
    private static final int MAX_CONNECTS = 3;
    private static final byte[] GRPC = "application/grpc".getBytes(StandardCharsets.US_ASCII);

    private static final long FAILURE_NANOS = 1_000_000_000L;

    private RouteTarget.@Nullable Destination destination;
    private int loop;
    private @Nullable ServerLane lane;
    private final Pick pick = new Pick();
    private int sent;
    private long firstSent;
    private long lastSent;
    private int connectFailures;
    private boolean reused;
    private boolean freeUsed;
    private @Nullable String failure;

    void begin() {
        destination = null;
        lane = null;
        pick.begin();
        sent = 0;
        connectFailures = 0;
        reused = false;
        freeUsed = false;
        failure = null;
    }

    /** The pool it is for, used on loop {@code index}. */
    void to(RouteTarget.Destination to, int index, RequestHead head, ForwardedHeaders client) {
        destination = to;
        loop = index;
        ask(pick, to.pool(), head, client.address());
        pick.between(client.remote(), client.local());
        to.pool().loop(index).retries().requested();
    }

    /** What a request asks of a pool's pick: the same for who is served and for who asks what would be. */
    static void ask(Pick pick, Pool pool, RequestHead head, byte[] address) {
        RequestKey key = pool.hashKey();
        if (key != null) {
            pick.key(key.of(head, address));
        }
        PoolSettings.Sticky sticky = pool.settings().sticky();
        String value = sticky == null
                ? null
                : RequestParts.cookie(head, sticky.cookie().getBytes(StandardCharsets.US_ASCII));
        if (value != null && value.length() == Long.BYTES * 2) {
            try {
                pick.sticky(Long.parseUnsignedLong(value, 16));
            } catch (NumberFormatException notOurs) {
                pick.sticky(0);
            }
        }
    }

    /** Whether the request is one whose body may take as long as it likes: a gRPC stream to servers that know those. */
    boolean streams(RequestHead head) {
        RouteTarget.Destination to = destination;
        if (to == null || to.pool().settings().http2() == null || !head.has(HeaderName.CONTENT_TYPE)) {
            return false;
        }
        int field = head.first(HeaderName.CONTENT_TYPE);
        int from = head.valueStart(field);
        int end = from + GRPC.length;
        return head.valueEnd(field) >= end && Octets.equalsIgnoreCase(head.bytes(), from, end, GRPC);
    }

    Pick pick() {
        return pick;
    }

    /** What of the response's fields changes: the route's, and the cookie that keeps the client at its server. */
    HeaderChanges changes(HeaderChanges ofRoute, Server server, boolean secure) {
        PoolSettings.Sticky sticky = known().pool().settings().sticky();
        if (sticky == null || server.stickyId() == pick.sticky()) {
            return ofRoute;
        }
        String age = sticky.ttlSeconds() == 0 ? "" : "; Max-Age=" + sticky.ttlSeconds();
        return ofRoute.plus(
                "Set-Cookie",
                sticky.cookie() + "=" + server.stickyText() + "; Path=/; HttpOnly; SameSite=Lax" + age
                        + (secure ? "; Secure" : ""));
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
        pick.fresh(fresh);
        known().pool().loop(loop).acquire(user);
    }

    /** Asks no longer. */
    void cancel(UpstreamUser user) {
        known().pool().loop(loop).cancel(user);
    }

    /** The first byte of a response came after {@code nanos}. */
    void firstByte(long nanos, long now) {
        ServerLane from = lane;
        if (from != null) {
            from.firstByte(nanos, now);
            HedgeLine hedges = from.pool().hedges();
            if (hedges != null) {
                hedges.observe(now - firstSent);
            }
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

    void sentOver(UpstreamConnection connection, long now) {
        firstSent = sent++ == 0 ? now : firstSent;
        lastSent = now;
        lane = connection.lane();
        reused = connection.reused();
    }

    /** Whether it is sent for the first time. */
    boolean first() {
        return sent == 1;
    }

    /** The part of the pool from which a second server may come now; null for none. */
    @Nullable
    LoopPool hedging() {
        ServerLane from = lane;
        return from == null
                        || sent != 1
                        || from.pool().size() < 2
                        || from.pool().hedges() == null
                ? null
                : from.pool();
    }

    /** Asks {@code other} for a server that was not asked yet; false when there is nothing to ask for. */
    boolean elsewhere(Pick other) {
        ServerLane from = lane;
        if (from == null) {
            return false;
        }
        other.like(pick);
        other.avoid(from.server());
        other.elsewhere();
        return true;
    }

    /** Another server than the one asked first answers: that one was slower than this at least. */
    void hedgeWon(UpstreamConnection by, long now) {
        ServerLane from = lane;
        if (from != null) {
            from.observe(now - firstSent, now);
            pick.avoid(from.server());
        }
        lane = by.lane();
        reused = by.reused();
    }

    private void failed(ServerLane lane, String why) {
        failure = why;
        pick.avoid(lane.server());
    }

    /** No connection, so nothing was sent: whether another server may be tried. */
    boolean afterConnectFailed(ServerLane lane, String why) {
        failed(lane, why);
        connectFailures++;
        return connectFailures < Math.min(MAX_CONNECTS, lane.pool().size());
    }

    /** The server did nothing for the request: whether another may be asked, whatever the method. */
    boolean afterRefused(String why) {
        ServerLane from = lane;
        lane = null;
        if (from != null) {
            failed(from, why);
        }
        return ++connectFailures < MAX_CONNECTS;
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
        outcome(0, now);
        if (sent < allowed && known().pool().loop(loop).retries().take(now)) {
            return true;
        }
        boolean free = reused && !freeUsed;
        freeUsed = true;
        return free;
    }

    /** Whether a request may be sent to another server for the status of an answer. */
    boolean afterStatus(int status, @Nullable RouteTarget route, long now) {
        ServerLane from = lane;
        if (from == null
                || route == null
                || !route.retryStatuses().contains(status)
                || sent >= route.attempts()
                || !known().pool().loop(loop).retries().take(now)) {
            return false;
        }
        failed(from, "server " + from.server().name() + " answered " + status);
        outcome(status, now);
        return true;
    }

    /**
     * What came of the request that was sent last, told once.
     *
     * @param status the server's; 0 when it gave none or broke it off
     */
    void outcome(int status, long now) {
        ServerLane from = lane;
        lane = null;
        if (from != null) {
            from.ended(status, lastSent, now);
        }
    }
}
