package io.plinth.lbproxy.upstream;

import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.balance.PeakEwma;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One loop's way to one server: its connections and its view of the latency. Owned by that event loop. */
public final class ServerLane {
    private static final long DECAY_NANOS = 10_000_000_000L;

    private final LoopPool pool;
    private final Server server;
    private final int maxIdle;
    private final PeakEwma latency;
    private final ArrayDeque<Http1Connection> idle = new ArrayDeque<>();
    /** Connections of HTTP/2 that take requests. */
    private final List<Http2Connection> shared = new ArrayList<>();

    private int underWay;
    private boolean retired;
    /** Whether the server is known to speak HTTP/2, so that requests may wait for one connection together. */
    private boolean sharing;

    ServerLane(LoopPool pool, Server server, int maxIdle, long now) {
        this.pool = pool;
        this.server = server;
        this.maxIdle = maxIdle;
        latency = new PeakEwma(DECAY_NANOS, now);
        sharing = !pool.pool().settings().negotiated();
    }

    public Server server() {
        return server;
    }

    public LoopPool pool() {
        return pool;
    }

    /** A failure is to count as if its answer had taken this long. */
    public void observe(long nanos, long now) {
        latency.observe(nanos, now);
    }

    /** The first byte of a response came after this long. */
    public void firstByte(long nanos, long now) {
        latency.observe(nanos, now);
        server.latencies().record(pool.index(), nanos);
        pool.pool().latencies().record(pool.index(), nanos);
    }

    /**
     * A request that was sent has ended.
     *
     * @param status the server's; 0 when it gave none
     * @param sentAt when it was
     */
    public void ended(int status, long sentAt, long now) {
        boolean failed = status == 0 || (status >= 500 && status != 501);
        server.outcomes().add(pool.index(), status, failed);
        pool.pool().outcomes().add(pool.index(), status, failed);
        server.ended(failed, now);
        CircuitBreaker breaker = pool.pool().breaker();
        if (breaker != null) {
            breaker.ended(sentAt, failed);
        }
    }

    double cost(long now) {
        return latency.cost(underWay, now);
    }

    int underWay() {
        return underWay;
    }

    boolean hasRoom(Pick pick) {
        return !idle.isEmpty() || withRoom(pick) != null || server.hasRoom();
    }

    boolean sharing() {
        return sharing;
    }

    /** What the server chose. */
    void sharing(boolean http2) {
        sharing = http2;
    }

    void connecting() {
        assert pool.connector().loop().inEventLoop();
        underWay++;
    }

    /** The most recently used idle connection that still lives. */
    @Nullable
    Http1Connection takeIdle() {
        assert pool.connector().loop().inEventLoop();
        Http1Connection connection;
        while ((connection = idle.pollLast()) != null) {
            if (connection.usable()) {
                underWay++;
                return connection;
            }
        }
        return null;
    }

    /** A connection of HTTP/2 that takes this request too. */
    @Nullable
    Http2Connection withRoom(Pick pick) {
        for (Http2Connection connection : shared) {
            if (connection.hasRoom(pick)) {
                return connection;
            }
        }
        return null;
    }

    void share(Http2Connection connection) {
        shared.add(connection);
    }

    /** It takes no more requests. */
    void left(Http2Connection connection) {
        shared.remove(connection);
    }

    /** Whether there was room; the connection is to be closed otherwise. */
    boolean putIdle(Http1Connection connection) {
        if (retired || idle.size() >= maxIdle) {
            return false;
        }
        idle.addLast(connection);
        return true;
    }

    void requestEnded() {
        underWay--;
    }

    void requestBegins() {
        underWay++;
    }

    void closed(Http1Connection connection, boolean wasIdle) {
        assert pool.connector().loop().inEventLoop();
        server.closedOne();
        if (wasIdle) {
            idle.remove(connection);
        }
    }

    /** Whether its server has left the pool. */
    boolean retired() {
        return retired;
    }

    /** Its server has left the pool: what is under way ends as it would, the rest closes. */
    void retire() {
        retired = true;
        closeIdle();
    }

    void closeIdle() {
        Http1Connection connection;
        while ((connection = idle.pollFirst()) != null) {
            connection.close();
        }
        List.copyOf(shared).forEach(Http2Connection::leave);
    }

    /** Closes the connection that has idled longest, if any, since somebody waits for its place. */
    void shed() {
        if (server.hasRoom()) {
            return;
        }
        Http1Connection oldest = idle.pollFirst();
        if (oldest != null) {
            oldest.close();
            return;
        }
        for (Http2Connection connection : shared) {
            if (connection.idle()) {
                connection.leave();
                return;
            }
        }
    }

    /** Has a shared connection take no more requests, for a loop that waits for its place; whether there was one. */
    boolean yieldShared() {
        if (shared.isEmpty() || server.hasRoom()) {
            return false;
        }
        Http2Connection oldest = shared.getFirst();
        oldest.leave();
        return !shared.contains(oldest);
    }

    void closeIdleSince(long before) {
        Http1Connection oldest;
        while ((oldest = idle.peekFirst()) != null && oldest.idleSince() - before < 0) {
            idle.pollFirst();
            oldest.close();
        }
        for (Http2Connection connection : List.copyOf(shared)) {
            if (connection.idleBefore(before)) {
                connection.leave();
            }
        }
    }
}
