package io.plinth.dbproxy.pool;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The pools of every event loop and the permits they share. Immutable but for the permits, which any loop may ask for. */
public final class PoolDirectory implements AutoCloseable {
    private final Map<ServerKey, PoolPermits> permits = new ConcurrentHashMap<>();
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

    PoolPermits permits(ServerKey key, PoolLimits limits) {
        return permits.computeIfAbsent(key, k -> new PoolPermits(limits.size()));
    }

    /** Every pool as JSON, collected from each loop in turn. */
    public CompletionStage<String> describe() {
        CompletableFuture<List<String>> lines = CompletableFuture.completedFuture(new ArrayList<>());
        for (Map.Entry<EventLoop, LoopPools> entry : byLoop.entrySet()) {
            lines = lines.thenCombine(
                    CompletableFuture.supplyAsync(() -> entry.getValue().describe(), entry.getKey()), (all, more) -> {
                        all.addAll(more);
                        return all;
                    });
        }
        return lines.thenApply(all -> "[" + String.join(",\n ", all) + "]\n");
    }

    @Override
    public void close() {
        byLoop.forEach((loop, pools) -> loop.execute(pools::close));
    }
}
