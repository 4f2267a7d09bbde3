package io.plinth.lbproxy.admin;

import io.plinth.lbproxy.measure.Latencies;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.Server;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Percentiles of the last one to two minutes up to p99.99, by route, pool and server. */
final class LatencySummaries {
    private static final double[] PERCENTILES = {50, 90, 95, 99, 99.9, 99.99};

    private LatencySummaries() {}

    static SummarySnapshot routes(Map<String, Latencies> routes) {
        SummarySnapshot.Builder summary = SummarySnapshot.builder()
                .name("lb_proxy_route_latency_seconds")
                .help("From a request's first byte to its end, by route");
        routes.forEach((name, latencies) -> summary.dataPoint(point(Labels.of("route", name), latencies)));
        return summary.build();
    }

    static void pools(List<MetricSnapshot> all, Collection<Pool> pools) {
        SummarySnapshot.Builder byPool = SummarySnapshot.builder()
                .name("lb_proxy_pool_latency_seconds")
                .help("From the request sent to the first byte of its response, by pool");
        SummarySnapshot.Builder byServer = SummarySnapshot.builder()
                .name("lb_proxy_server_latency_seconds")
                .help("From the request sent to the first byte of its response, by server");
        for (Pool pool : pools) {
            byPool.dataPoint(point(Labels.of("pool", pool.name()), pool.latencies()));
            for (Server server : pool.servers()) {
                byServer.dataPoint(point(Labels.of("pool", pool.name(), "server", server.name()), server.latencies()));
            }
        }
        all.add(byPool.build());
        all.add(byServer.build());
    }

    private static SummaryDataPointSnapshot point(Labels labels, Latencies latencies) {
        Latencies.Reading reading = latencies.read(PERCENTILES);
        List<Quantile> quantiles = new ArrayList<>();
        for (int i = 0; i < PERCENTILES.length; i++) {
            // Two decimals more than a percent has: 0.9999 and not 0.9998999999999999.
            quantiles.add(new Quantile(Math.round(PERCENTILES[i] * 100) / 10_000.0, reading.seconds()[i]));
        }
        return SummaryDataPointSnapshot.builder()
                .labels(labels)
                .quantiles(Quantiles.of(quantiles))
                .count(reading.count())
                .sum(reading.sumSeconds())
                .build();
    }
}
