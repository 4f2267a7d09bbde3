package io.plinth.dbproxy.pool;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** The pools of every event loop and the permits they share. Immutable but for the permits, guarded by this. */
public final class PoolDirectory implements AutoCloseable {
    private final Map<ServerKey, PoolPermits> permits = new HashMap<>();
    private final Map<List<Object>, Quota> quotas = new HashMap<>();
    private final Map<EventLoop, LoopPools> byLoop = new LinkedHashMap<>();

    public PoolDirectory(List<EventLoop> loops, ServerConnector connector, PoolMetrics metrics, LongSupplier nanoTime) {
        loops.forEach(loop -> byLoop.put(loop, new LoopPools(loop, this, connector, metrics, nanoTime)));
    }

    /** A loop's own pools; to be used on that loop only. */
    public LoopPools of(EventLoop loop) {
        LoopPools pools = byLoop.get(loop);
        if (pools == null) {
            throw new IllegalArgumentException("event loop: " + loop + " (expected: one of the node's)");
        }
        return pools;
    }

    /** A new pool; {@code made} is given what it shares with others. */
    synchronized ServerPool open(ServerKey key, PoolLimits limits, Function<PoolPermits, ServerPool> made) {
        PoolPermits shared = permits.computeIfAbsent(key, k -> {
            int[] sizes = limits.sizes();
            return new PoolPermits(List.of(
                    new Quota(sizes[0]),
                    quota(List.of(k.owner(), "user", k.login().user()), sizes[1]),
                    quota(List.of(k.owner()), sizes[2]),
                    quota(List.of(k.owner(), "server", k.address()), sizes[3])));
        });
        ServerPool pool = made.apply(shared);
        shared.join(pool);
        return pool;
    }

    /** The pool is no more; what nobody else shares is forgotten, passwords with it. */
    synchronized void leave(ServerPool pool) {
        if (pool.permits().leave(pool)) {
            permits.remove(pool.key());
            quotas.values().removeIf(quota -> quota.pools().isEmpty());
        }
    }

    /** How many servers' logins are known, over all loops. */
    synchronized int logins() {
        return permits.size();
    }

    private Quota quota(List<Object> of, int size) {
        return quotas.computeIfAbsent(of, q -> new Quota(size));
    }

    /** Every event loop. */
    public Set<EventLoop> loops() {
        return Collections.unmodifiableSet(byLoop.keySet());
    }

    /** Asks every loop's pools something on that loop and puts the answers together. */
    public <T> CompletionStage<List<T>> ask(Function<LoopPools, List<T>> question) {
        CompletableFuture<List<T>> all = CompletableFuture.completedFuture(new ArrayList<>());
        for (Map.Entry<EventLoop, LoopPools> entry : byLoop.entrySet()) {
            all = all.thenCombine(
                    CompletableFuture.supplyAsync(() -> question.apply(entry.getValue()), entry.getKey()),
                    (before, more) -> {
                        before.addAll(more);
                        return before;
                    });
        }
        return all;
    }

    /** Every pool as it is now. */
    public CompletionStage<List<PoolView>> views() {
        return ask(LoopPools::views);
    }

    /** Closes every connection of a server that {@code which} picks: now where nobody uses it, else when it is given back. */
    public void retire(Predicate<ServerKey> which) {
        byLoop.forEach((loop, pools) -> loop.execute(() -> pools.retire(which)));
    }

    /** Closes every connection of a server that {@code which} picks, whoever uses it. */
    public void kill(Predicate<ServerKey> which) {
        byLoop.forEach((loop, pools) -> loop.execute(() -> pools.kill(which)));
    }

    /** Every pool as JSON, collected from each loop in turn. */
    public CompletionStage<String> describe() {
        return ask(LoopPools::describe).thenApply(all -> "[" + String.join(",\n ", all) + "]\n");
    }

    @Override
    public void close() {
        byLoop.forEach((loop, pools) -> loop.execute(pools::close));
    }
}
