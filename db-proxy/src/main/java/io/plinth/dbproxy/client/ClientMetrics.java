package io.plinth.dbproxy.client;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.concurrent.atomic.AtomicInteger;

/** Sessions' counters, resolved once. Shared by the loops. */
public final class ClientMetrics {
    final AtomicInteger clients = new AtomicInteger();
    final CounterDataPoint toReplica;
    final CounterDataPoint toPrimary;
    final CounterDataPoint everywhere;
    final CounterDataPoint scattered;
    final CounterDataPoint local;
    final CounterDataPoint refused;
    final CounterDataPoint repeated;
    final CounterDataPoint loginFailures;
    final CounterDataPoint cancels;

    public ClientMetrics(Metrics metrics) {
        metrics.gauge("db_proxy_clients", "Clients that are connected.", clients::get);
        Counter routed = metrics.counter("db_proxy_requests_total", "Requests by where they went.", "to");
        toReplica = routed.labelValues("replica");
        toPrimary = routed.labelValues("primary");
        scattered = routed.labelValues("merged");
        everywhere = routed.labelValues("every_shard");
        local = routed.labelValues("proxy");
        refused = metrics.counter("db_proxy_refused_total", "Requests that could not be routed correctly.")
                .labelValues();
        repeated = metrics.counter("db_proxy_repeated_total", "Requests sent again as they had not run.")
                .labelValues();
        loginFailures = metrics.counter("db_proxy_login_failures_total", "Clients that were not let in.")
                .labelValues();
        cancels = metrics.counter("db_proxy_cancels_total", "Cancel requests that found their session.")
                .labelValues();
    }
}
