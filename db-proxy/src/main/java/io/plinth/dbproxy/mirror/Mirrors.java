package io.plinth.dbproxy.mirror;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.usage.Latencies;
import io.plinth.dbproxy.usage.LatencyMetrics;
import io.plinth.dbproxy.usage.UsageBook;
import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The mirrors of a node's databases. Asked by any loop; changed by the node's runner. */
public final class Mirrors implements AutoCloseable {
    private final List<EventLoop> loops;
    private final ServerConnector connector;
    private final UsageBook usage;
    private final RandomGenerator random;
    private final LongSupplier nanoTime;
    private final Counter outcomes;
    private final Map<List<String>, Latencies> latencies = new ConcurrentHashMap<>();
    private volatile Map<String, Mirror> byDatabase = Map.of();

    /** One database's. */
    private record Mirror(MirrorConfig config, Map<EventLoop, LoopMirror> loops) {}

    public Mirrors(
            List<EventLoop> loops,
            ServerConnector connector,
            UsageBook usage,
            RandomGenerator random,
            LongSupplier nanoTime,
            Metrics metrics) {
        this.loops = List.copyOf(loops);
        this.connector = connector;
        this.usage = usage;
        this.random = random;
        this.nanoTime = nanoTime;
        this.outcomes = metrics.counter(
                "db_proxy_mirrored_total",
                "Reads picked for a mirror: same (both answered, or both failed), mirror_failed, client_failed (one of"
                        + " them only), dropped (not sent).",
                "database",
                "outcome");
        LatencyMetrics.register(
                metrics,
                "db_proxy_mirror_answer_seconds",
                "How long mirrored reads took, for the client and on the mirror; quantiles of the last one to two"
                        + " minutes.",
                List.of("database", "side"),
                () -> latencies);
    }

    /** What the file says now, by database; what did not change keeps its connections. */
    public void serve(Map<String, MirrorConfig> configs) {
        Map<String, Mirror> before = byDatabase;
        Map<String, Mirror> next = new HashMap<>();
        configs.forEach((database, config) -> {
            Mirror known = before.get(database);
            next.put(database, known != null && known.config.equals(config) ? known : made(database, config));
        });
        byDatabase = Map.copyOf(next);
        before.forEach((database, mirror) -> {
            Mirror now = next.get(database);
            if (now == null || !now.config.equals(mirror.config)) {
                mirror.loops.values().forEach(LoopMirror::close);
            }
        });
    }

    private Mirror made(String database, MirrorConfig config) {
        Map<EventLoop, LoopMirror> byLoop = new HashMap<>();
        for (EventLoop loop : loops) {
            byLoop.put(
                    loop,
                    new LoopMirror(
                            database,
                            config,
                            loop,
                            connector,
                            usage.uncounted(),
                            random,
                            nanoTime,
                            outcomes,
                            side -> latencies
                                    .computeIfAbsent(List.of(database, side), key -> new Latencies(nanoTime))
                                    .open()));
        }
        return new Mirror(config, Map.copyOf(byLoop));
    }

    /** The mirror of a database for this loop, or null. */
    public @Nullable LoopMirror of(String database, EventLoop loop) {
        Map<String, Mirror> now = byDatabase;
        Mirror mirror = now.isEmpty() ? null : now.get(database);
        return mirror == null ? null : mirror.loops.get(loop);
    }

    @Override
    public void close() {
        serve(Map.of());
    }
}
