package io.plinth.dbproxy.pool;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's share of the connections to one server for one user. Owned by that loop; only {@link #hungry} may be
 * asked from another.
 */
public final class ServerPool {
    private static final long SHORTEST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ServerKey key;
    private final EventLoop loop;
    private final PoolLimits limits;
    private final PoolPermits permits;
    private final ServerConnector connector;
    private final PoolMetrics metrics;
    private final LongSupplier nanoTime;
    private final ArrayDeque<ServerConnection> idle = new ArrayDeque<>();
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private final Set<ServerConnection> all = new HashSet<>();
    private int connecting;
    private long backoffNanos;
    private long blockedUntil;
    private boolean closed;
    private @Nullable SqlError blockedBy;
    private volatile boolean hungry;

    ServerPool(
            ServerKey key,
            EventLoop loop,
            PoolLimits limits,
            PoolPermits permits,
            ServerConnector connector,
            PoolMetrics metrics,
            LongSupplier nanoTime) {
        this.key = key;
        this.loop = loop;
        this.limits = limits;
        this.permits = permits;
        this.connector = connector;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        permits.join(this);
    }

    EventLoop loop() {
        return loop;
    }

    /** Connections that serve a client of this loop now. */
    public int busy() {
        return all.size() - idle.size();
    }

    boolean hungry() {
        return hungry;
    }

    /** Answers the waiter at once when it can, later otherwise. */
    public void acquire(Waiter waiter) {
        assertOwner();
        ServerConnection connection = takeIdle();
        if (connection != null) {
            metrics.active.incrementAndGet();
            waiter.grant(connection);
            return;
        }
        SqlError blocked = blockedBy;
        if (blocked != null && nanoTime.getAsLong() - blockedUntil < 0) {
            waiter.refuse(blocked);
            return;
        }
        if (waiters.size() >= limits.queue()) {
            waiter.refuse(exhausted("more than " + limits.queue() + " clients wait"));
            return;
        }
        waiters.add(waiter);
        metrics.waiting.incrementAndGet();
        waiter.timeout = loop.schedule(() -> expire(waiter), limits.patience().toMillis(), TimeUnit.MILLISECONDS);
        feed();
        if (!waiter.answered && connecting < waiters.size()) {
            hungry = true;
            permits.plead(this);
        }
    }

    /** The client does not want it any more. */
    public void forget(Waiter waiter) {
        assertOwner();
        if (!waiter.answered && waiters.remove(waiter)) {
            metrics.waiting.decrementAndGet();
            waiter.end();
            hungry = hungry && !waiters.isEmpty();
        }
    }

    /** Takes a connection back; one that is not surely clean is closed. */
    public void release(ServerConnection connection) {
        assertOwner();
        connection.detach(nanoTime.getAsLong());
        connection.afterCancels(() -> {
            metrics.active.decrementAndGet();
            boolean old = nanoTime.getAsLong() - connection.createdNanos()
                    > limits.lifetime().toNanos();
            if (closed || old || !connection.reusable()) {
                connection.close();
                return;
            }
            idle.addFirst(connection);
            feed();
            if (!idle.isEmpty() && permits.othersHungry(this)) {
                surrender();
            }
        });
    }

    /** Hands connections to waiting clients and opens as many as are missing and allowed. */
    void feed() {
        assertOwner();
        while (!waiters.isEmpty()) {
            ServerConnection connection = takeIdle();
            if (connection == null) {
                break;
            }
            Waiter waiter = waiters.remove();
            metrics.waiting.decrementAndGet();
            metrics.waits.observe((nanoTime.getAsLong() - waiter.sinceNanos) / 1e9);
            metrics.active.incrementAndGet();
            waiter.grant(connection);
        }
        while (!closed && connecting < waiters.size() && permits.take()) {
            connecting++;
            connect();
        }
        hungry = connecting < waiters.size();
    }

    /** Lets go of a connection that nobody uses, for another loop's sake. */
    void surrender() {
        ServerConnection connection = waiters.isEmpty() ? idle.pollLast() : null;
        if (connection != null) {
            connection.close();
        }
    }

    private @Nullable ServerConnection takeIdle() {
        ServerConnection connection;
        do {
            connection = idle.poll();
        } while (connection != null && !connection.reusable());
        return connection;
    }

    private void connect() {
        connector.connect(key, loop, limits.connect(), new ServerConnector.Outcome() {
            @Override
            public void connected(ServerConnection connection) {
                connecting--;
                backoffNanos = 0;
                blockedBy = null;
                metrics.connects.inc();
                metrics.open.incrementAndGet();
                all.add(connection);
                connection.onClose(() -> gone(connection));
                if (closed) {
                    connection.close();
                    return;
                }
                idle.addFirst(connection);
                feed();
            }

            @Override
            public void failed(SqlError why) {
                connecting--;
                metrics.connectFailures.inc();
                backoffNanos = Math.clamp(2 * backoffNanos, SHORTEST_BACKOFF_NANOS, LONGEST_BACKOFF_NANOS);
                blockedUntil = nanoTime.getAsLong() + backoffNanos;
                blockedBy = why;
                ArrayDeque<Waiter> refused = new ArrayDeque<>(waiters);
                waiters.clear();
                metrics.waiting.addAndGet(-refused.size());
                hungry = false;
                permits.give(ServerPool.this);
                refused.forEach(waiter -> waiter.refuse(why));
            }
        });
    }

    private void gone(ServerConnection connection) {
        all.remove(connection);
        idle.remove(connection);
        metrics.open.decrementAndGet();
        permits.give(this);
        if (!waiters.isEmpty()) {
            loop.execute(this::feed);
        }
    }

    private void expire(Waiter waiter) {
        if (!waiter.answered && waiters.remove(waiter)) {
            metrics.waiting.decrementAndGet();
            metrics.timeouts.inc();
            hungry = hungry && !waiters.isEmpty();
            waiter.refuse(
                    exhausted("none became free within " + limits.patience().toMillis() + " ms"));
        }
    }

    private SqlError exhausted(String why) {
        return new SqlError(
                SqlError.TOO_MANY_CONNECTIONS,
                "no connection to server " + key.name() + ": all " + limits.size() + " are in use and " + why,
                "Shorten transactions, or raise pool.size.");
    }

    /** Closes what has been unused or open for too long. */
    void sweep() {
        long now = nanoTime.getAsLong();
        Iterator<ServerConnection> connections = new ArrayDeque<>(idle).iterator();
        while (connections.hasNext()) {
            ServerConnection connection = connections.next();
            boolean unused = now - connection.releasedNanos() > limits.idle().toNanos();
            boolean old = now - connection.createdNanos() > limits.lifetime().toNanos();
            if (unused || old) {
                connection.close();
            }
        }
    }

    /** One line of {@code /pools}. */
    String describe() {
        return "{\"server\":\"" + key.name() + "\",\"user\":\""
                + key.login().user().replaceAll("[\"\\\\]", "?") + "\",\"open\":" + all.size() + ",\"idle\":"
                + idle.size() + ",\"waiting\":" + waiters.size() + "}";
    }

    void close() {
        closed = true;
        new HashSet<>(all).forEach(ServerConnection::close);
        SqlError ending = SqlError.of("57P01", "the proxy is shutting down");
        new ArrayDeque<>(waiters).forEach(waiter -> {
            waiters.remove(waiter);
            waiter.refuse(ending);
        });
    }

    private void assertOwner() {
        assert loop.inEventLoop() : "pool used off its event loop";
    }
}
