package io.plinth.lbproxy.upstream;

import io.plinth.lbproxy.balance.PeakEwma;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** One loop's way to one server: its connections and its view of the latency. Owned by that event loop. */
public final class ServerLane {
    private static final long DECAY_NANOS = 10_000_000_000L;

    private final LoopPool pool;
    private final Server server;
    private final int index;
    private final int maxOpen;
    private final int maxIdle;
    private final PeakEwma latency;
    private final ArrayDeque<Http1Connection> idle = new ArrayDeque<>();
    private int open;
    private int underWay;

    ServerLane(LoopPool pool, Server server, int index, int maxOpen, int maxIdle, long now) {
        this.pool = pool;
        this.server = server;
        this.index = index;
        this.maxOpen = maxOpen;
        this.maxIdle = maxIdle;
        latency = new PeakEwma(DECAY_NANOS, now);
    }

    public Server server() {
        return server;
    }

    public LoopPool pool() {
        return pool;
    }

    /** The server's position in its pool. */
    public int index() {
        return index;
    }

    /** The first byte of a response came after this long; or a failure is to count like that. */
    public void observe(long nanos, long now) {
        latency.observe(nanos, now);
    }

    double cost(long now) {
        return latency.cost(underWay, now);
    }

    int underWay() {
        return underWay;
    }

    boolean hasRoom() {
        return !idle.isEmpty() || open < maxOpen;
    }

    boolean mayConnect() {
        return open < maxOpen;
    }

    int open() {
        return open;
    }

    void connecting() {
        assert pool.connector().loop().inEventLoop();
        open++;
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

    /** Whether there was room; the connection is to be closed otherwise. */
    boolean putIdle(Http1Connection connection) {
        if (idle.size() >= maxIdle) {
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
        open--;
        if (wasIdle) {
            idle.remove(connection);
        }
    }

    void closeIdle() {
        Http1Connection connection;
        while ((connection = idle.pollFirst()) != null) {
            connection.close();
        }
    }

    void closeIdleSince(long before) {
        Http1Connection oldest;
        while ((oldest = idle.peekFirst()) != null && oldest.idleSince() - before < 0) {
            idle.pollFirst();
            oldest.close();
        }
    }
}
