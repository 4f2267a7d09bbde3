package io.plinth.dbproxy.pool;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** All pools of one event loop. Owned by that loop. */
public final class LoopPools {
    private final EventLoop loop;
    private final PoolDirectory directory;
    private final ServerConnector connector;
    private final PoolMetrics metrics;
    private final Waits.Recorder waits;
    private final LongSupplier nanoTime;
    private final Map<ServerKey, ServerPool> pools = new HashMap<>();
    private final Map<ServerKey, SharedListener> listeners = new HashMap<>();
    private boolean closed;

    LoopPools(
            EventLoop loop,
            PoolDirectory directory,
            ServerConnector connector,
            PoolMetrics metrics,
            LongSupplier nanoTime) {
        this.loop = loop;
        this.directory = directory;
        this.connector = connector;
        this.metrics = metrics;
        this.waits = metrics.waits.open();
        this.nanoTime = nanoTime;
        sweepLater();
    }

    /** The pool of a server; made when first asked for, and bounded as is said now. */
    public ServerPool pool(ServerKey key, PoolLimits limits) {
        ServerPool known = pools.get(key);
        if (known == null) {
            known = directory.open(
                    key,
                    limits,
                    permits -> new ServerPool(
                            key, loop, limits, permits, metrics.latency(key), waits, connector, metrics, nanoTime));
            pools.put(key, known);
        }
        known.limits(limits);
        return known;
    }

    List<PoolView> views() {
        return pools.values().stream().map(ServerPool::view).toList();
    }

    void kill(Predicate<ServerKey> which) {
        pools.values().stream().filter(pool -> which.test(pool.key())).forEach(ServerPool::kill);
    }

    void retire(Predicate<ServerKey> which) {
        pools.values().stream().filter(pool -> which.test(pool.key())).forEach(ServerPool::retire);
        for (Map.Entry<ServerKey, SharedListener> entry : List.copyOf(listeners.entrySet())) {
            if (which.test(entry.getKey())) {
                entry.getValue().askWhetherRight();
                entry.getValue().renew();
            }
        }
    }

    /** The connection that listens for this loop's clients of a user; {@code held} is whether there may be none now. */
    public SharedListener listener(ServerKey key, PoolLimits limits, BooleanSupplier held) {
        return listeners.computeIfAbsent(key, k -> new SharedListener(k, loop, connector, limits.connect(), held));
    }

    private void sweepLater() {
        loop.schedule(
                () -> {
                    if (!closed) {
                        sweep();
                        sweepLater();
                    }
                },
                1,
                TimeUnit.SECONDS);
    }

    private void sweep() {
        pools.values().removeIf(pool -> {
            pool.sweep();
            boolean leaves = pool.leaves();
            if (leaves) {
                directory.leave(pool);
                metrics.leave(pool.key(), pool.latency());
            }
            return leaves;
        });
        List.copyOf(listeners.values()).forEach(SharedListener::askWhetherRight);
        listeners.values().removeIf(SharedListener::unused);
    }

    List<String> describe() {
        List<String> lines = new ArrayList<>();
        pools.values().forEach(pool -> lines.add(pool.describe()));
        return lines;
    }

    void close() {
        closed = true;
        listeners.values().forEach(SharedListener::close);
        pools.values().forEach(ServerPool::close);
    }
}
