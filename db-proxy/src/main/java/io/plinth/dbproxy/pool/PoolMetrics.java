package io.plinth.dbproxy.pool;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.util.concurrent.atomic.AtomicInteger;

/** Pools' counters, resolved once. Shared by the loops. */
public final class PoolMetrics {
    final AtomicInteger waiting = new AtomicInteger();
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger active = new AtomicInteger();
    final CounterDataPoint connects;
    final CounterDataPoint connectFailures;
    final CounterDataPoint timeouts;
    final DistributionDataPoint waits;

    public PoolMetrics(Metrics metrics) {
        metrics.gauge("db_proxy_pool_waiting", "Clients waiting for a server connection.", waiting::get);
        metrics.gauge("db_proxy_server_connections", "Open server connections in pools.", open::get);
        metrics.gauge("db_proxy_server_connections_active", "Server connections serving a client.", active::get);
        connects = metrics.counter("db_proxy_server_connects_total", "Server connections opened.")
                .labelValues();
        connectFailures = metrics.counter("db_proxy_server_connect_failures_total", "Failed attempts to open one.")
                .labelValues();
        timeouts = metrics.counter("db_proxy_pool_timeouts_total", "Clients that waited in vain.")
                .labelValues();
        waits = metrics.seconds(
                        "db_proxy_pool_wait_seconds",
                        "Time waited for a server connection, where one had to wait.",
                        new double[] {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10})
                .labelValues();
    }
}
