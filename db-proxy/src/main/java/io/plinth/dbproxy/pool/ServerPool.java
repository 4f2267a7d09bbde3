package io.plinth.dbproxy.pool;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.usage.Latencies;
import io.plinth.dbproxy.wire.SqlError;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
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
    private PoolLimits limits;
    private final PoolPermits permits;
    private final ServerConnector connector;
    private final PoolMetrics metrics;
    private final LongSupplier nanoTime;
    private final Latencies.Recorder latency;
    private final Waits.Recorder waits;
    private final ArrayDeque<ServerConnection> idle = new ArrayDeque<>();
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
    private final Set<ServerConnection> all = new HashSet<>();
    private int connecting;
    private long backoffNanos;
    private long blockedUntil;
    private boolean closed;
    private @Nullable SqlError blockedBy;
    private long retiredBefore;
    private boolean retiring;
    private boolean left;
    private boolean expiring;
    private long expiry;
    private long emptySince;
    private volatile boolean hungry;
    private volatile long hungrySince;

    ServerPool(
            ServerKey key,
            EventLoop loop,
            PoolLimits limits,
            PoolPermits permits,
            Latencies.Recorder latency,
            Waits.Recorder waits,
            ServerConnector connector,
            PoolMetrics metrics,
            LongSupplier nanoTime) {
        this.key = key;
        this.loop = loop;
        this.limits = limits;
        this.connector = connector;
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        this.emptySince = nanoTime.getAsLong();
        this.permits = permits;
        this.latency = latency;
        this.waits = waits;
    }

    public ServerKey key() {
        return key;
    }

    PoolPermits permits() {
        return permits;
    }

    /** One of its servers has answered a request after this time. */
    public void answered(long nanos) {
        latency.record(nanos);
    }

    /** How long its servers' answers took. */
    Latencies.Recorder latency() {
        return latency;
    }

    /** Whether another pool has taken its place, or will with the next client. */
    public boolean left() {
        return left;
    }

    /** Ends a pool that has had nothing to do for as long as a connection may be idle; a login that failed at once. */
    boolean leaves() {
        long now = nanoTime.getAsLong();
        boolean empty = all.isEmpty() && waiters.isEmpty() && connecting == 0;
        left = empty && (blockedBy == null ? now - emptySince > limits.idle().toNanos() : now - blockedUntil >= 0);
        return left;
    }

    /** Bounds that may have been changed. */
    @SuppressWarnings("ReferenceEquality") // Asked with each acquisition, and nearly always the very same.
    public void limits(PoolLimits next) {
        if (next != limits) {
            permits.resize(next);
            limits = next;
        }
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

    /** When the longest wait began, while it is hungry. */
    long hungrySince() {
        return hungrySince;
    }

    private void hungry(boolean now) {
        Waiter first = now ? waiters.peek() : null;
        if (first != null) {
            hungrySince = first.sinceNanos;
        }
        hungry = first != null;
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
        waiter.deadline = waiter.sinceNanos + limits.patience().toNanos();
        expireLater(waiter);
        feed();
        if (!waiter.answered && connecting < waiters.size()) {
            hungry(true);
            permits.plead(this);
        }
    }

    /** The client does not want it any more. */
    public void forget(Waiter waiter) {
        assertOwner();
        if (!waiter.answered && waiters.remove(waiter)) {
            metrics.waiting.decrementAndGet();
            waiter.end();
            hungry(hungry);
        }
    }

    /** Takes a connection back; one that is not surely clean is closed. */
    public void release(ServerConnection connection) {
        assertOwner();
        connection.detach(nanoTime.getAsLong());
        back(connection);
    }

    /** Takes back a connection that is detached from its client already. */
    public void back(ServerConnection connection) {
        assertOwner();
        connection.afterCancels(() -> {
            metrics.active.decrementAndGet();
            boolean old = connection.releasedNanos() - connection.createdNanos()
                    > limits.lifetime().toNanos();
            if (closed || old || retired(connection) || !connection.reusable()) {
                connection.close();
                return;
            }
            Waiter first = waiters.peek();
            if (permits.othersFirst(this, first != null, first == null ? 0 : first.sinceNanos)) {
                connection.close();
                return;
            }
            idle.addFirst(connection);
            if (first != null) {
                feed();
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
            waits.record(nanoTime.getAsLong() - waiter.sinceNanos);
            metrics.active.incrementAndGet();
            waiter.grant(connection);
        }
        while (!closed && connecting < waiters.size() && permits.take()) {
            connecting++;
            connect();
        }
        hungry(connecting < waiters.size());
    }

    /** Lets go of a connection that nobody uses, for another loop's sake. */
    void surrender() {
        ServerConnection connection = waiters.isEmpty() ? idle.pollLast() : null;
        if (connection != null) {
            connection.close();
        }
    }

    private boolean retired(ServerConnection connection) {
        return retiring && connection.createdNanos() - retiredBefore <= 0;
    }

    /** Closes every connection that there is now: at once where it is idle, else when its client is done with it. */
    void retire() {
        retiring = true;
        retiredBefore = nanoTime.getAsLong();
        new ArrayDeque<>(idle).forEach(ServerConnection::close);
    }

    /** Ends every connection; who uses one is told that it was lost. */
    void kill() {
        new ArrayDeque<>(all).forEach(connection -> connection.lose(SqlError.of("57P01", "ended by an operator")));
    }

    PoolView view() {
        long now = nanoTime.getAsLong();
        Waiter first = waiters.peek();
        List<PoolView.Connection> connections = all.stream()
                .map(each -> new PoolView.Connection(
                        idle.contains(each) ? "idle" : "active",
                        retired(each),
                        now - each.createdNanos(),
                        now - each.releasedNanos(),
                        each))
                .toList();
        return new PoolView(
                key,
                all.size() - idle.size(),
                idle.size(),
                connecting,
                (int) connections.stream().filter(PoolView.Connection::retired).count(),
                waiters.size(),
                first == null ? 0 : now - first.sinceNanos,
                connections);
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
                hungry(false);
                permits.give();
                refused.forEach(waiter -> waiter.refuse(why));
            }
        });
    }

    private void gone(ServerConnection connection) {
        all.remove(connection);
        idle.remove(connection);
        emptySince = nanoTime.getAsLong();
        metrics.open.decrementAndGet();
        permits.give();
    }

    /** One timer for all who wait, as most never need it: it is set anew when it has gone off and somebody waits still. */
    private void expireLater(Waiter first) {
        if (!expiring || first.deadline - expiry < 0) {
            expiring = true;
            expiry = first.deadline;
            long delay = Math.max(0, first.deadline - nanoTime.getAsLong());
            loop.schedule(() -> expire(first.deadline), delay, TimeUnit.NANOSECONDS);
        }
    }

    private void expire(long due) {
        if (!expiring || due != expiry) {
            // Patience was made shorter meanwhile, and an earlier timer looks after all.
            return;
        }
        expiring = false;
        long now = nanoTime.getAsLong();
        List<Waiter> late =
                waiters.stream().filter(waiter -> waiter.deadline - now <= 0).toList();
        for (Waiter waiter : late) {
            if (!waiter.answered && waiters.remove(waiter)) {
                metrics.waiting.decrementAndGet();
                metrics.timeouts.inc();
                hungry(hungry);
                waiter.refuse(
                        exhausted("none became free within " + limits.patience().toMillis() + " ms"));
            }
        }
        waiters.stream().min((a, b) -> Long.signum(a.deadline - b.deadline)).ifPresent(this::expireLater);
    }

    private SqlError exhausted(String why) {
        return new SqlError(
                SqlError.TOO_MANY_CONNECTIONS,
                "no connection to server " + key.name() + ": all " + permits.used() + " are in use and " + why,
                "Shorten transactions, or raise pool.size" + bounds() + ".");
    }

    /** The other keys that may stand in the way. */
    private String bounds() {
        return (limits.perUser() > 0 ? ", pool.max-user" : "")
                + (limits.perDatabase() > 0 ? ", pool.max-database" : "")
                + (limits.perServer() > 0 ? ", pool.max-server" : "");
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
