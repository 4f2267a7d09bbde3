package io.plinth.dbproxy.usage;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.metrics.SummaryWithCallback;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Shows latencies as Prometheus summaries. Stateless. */
public final class LatencyMetrics {
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};

    private LatencyMetrics() {}

    /** {@code all} answers what there is, by the values of the labels. */
    public static void register(
            Metrics metrics,
            String name,
            String help,
            List<String> labels,
            Supplier<Map<List<String>, Latencies>> all) {
        SummaryWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(labels.toArray(String[]::new))
                .callback(callback -> all.get().forEach((values, latencies) -> {
                    Latencies.Reading reading = latencies.read(PERCENTILES);
                    List<Quantile> quantiles = new ArrayList<>();
                    for (int i = 0; i < PERCENTILES.length; i++) {
                        quantiles.add(new Quantile(PERCENTILES[i] / 100, reading.seconds()[i]));
                    }
                    callback.call(
                            reading.count(),
                            reading.sumSeconds(),
                            Quantiles.of(quantiles),
                            values.toArray(String[]::new));
                }))
                .register(metrics.registry());
    }
}
