package io.plinth.dbproxy.pool;

import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.usage.Latencies;
import io.plinth.dbproxy.usage.LatencyMetrics;
import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** Pools' counters, resolved once. Shared by the loops. */
public final class PoolMetrics {
    final AtomicInteger waiting = new AtomicInteger();
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger active = new AtomicInteger();
    final CounterDataPoint connects;
    final CounterDataPoint connectFailures;
    final CounterDataPoint timeouts;
    final Waits waits;

    private final LongSupplier nanoTime;
    private final Map<List<String>, Latencies> byPool = new ConcurrentHashMap<>();

    public PoolMetrics(Metrics metrics, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        LatencyMetrics.register(
                metrics,
                "db_proxy_pool_answer_seconds",
                "How long a pool's servers took to answer a request; quantiles of the last one to two minutes.",
                List.of("server", "user"),
                () -> byPool);

        metrics.gauge("db_proxy_pool_waiting", "Clients waiting for a server connection.", waiting::get);
        metrics.gauge("db_proxy_server_connections", "Open server connections in pools.", open::get);
        metrics.gauge("db_proxy_server_connections_active", "Server connections serving a client.", active::get);
        connects = metrics.counter("db_proxy_server_connects_total", "Server connections opened.")
                .labelValues();
        connectFailures = metrics.counter("db_proxy_server_connect_failures_total", "Failed attempts to open one.")
                .labelValues();
        timeouts = metrics.counter("db_proxy_pool_timeouts_total", "Clients that waited in vain.")
                .labelValues();
        waits = new Waits(metrics.registry());
    }

    /** For one loop's pool; put together over all loops, whatever the login is. */
    Latencies.Recorder latency(ServerKey key) {
        Latencies.Recorder[] opened = new Latencies.Recorder[1];
        byPool.compute(label(key), (k, known) -> {
            Latencies all = known == null ? new Latencies(nanoTime) : known;
            opened[0] = all.open();
            return all;
        });
        return opened[0];
    }

    /** One loop's pool is no more. */
    void leave(ServerKey key, Latencies.Recorder recorder) {
        byPool.computeIfPresent(label(key), (k, known) -> known.close(recorder) ? null : known);
    }

    private static List<String> label(ServerKey key) {
        return List.of(key.name(), key.login().user());
    }
}
