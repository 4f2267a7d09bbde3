package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.stats.CommandTimes;
import io.plinth.kvcache.command.stats.LatencyCounts;
import io.plinth.kvcache.command.stats.Observations;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How long each command takes, as /metrics shows it: percentiles since the start, or since CONFIG RESETSTAT. */
final class CommandLatencies {
    private static final double[] QUANTILES = {0.5, 0.9, 0.99, 0.999, 1};
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    private CommandLatencies() {}

    static SummarySnapshot snapshot(Observations observations, List<String> rows) {
        SummarySnapshot.Builder summary = SummarySnapshot.builder()
                .name("kvcache_command_latency_seconds")
                .help("From a command read to its reply written, by command; a second stands for more.");
        CommandTimes sum = observations.sum();
        for (int row = 0; sum != null && row < rows.size(); row++) {
            LatencyCounts counts = sum.latencies(row);
            if (counts != null && sum.calls(row) > 0) {
                summary.dataPoint(SummaryDataPointSnapshot.builder()
                        .labels(Labels.of("command", rows.get(row)))
                        .quantiles(quantiles(counts))
                        .count(sum.calls(row))
                        .sum(sum.nanos(row) / NANOS)
                        .build());
            }
        }
        return summary.build();
    }

    private static Quantiles quantiles(LatencyCounts counts) {
        List<Quantile> quantiles = new ArrayList<>();
        for (double quantile : QUANTILES) {
            quantiles.add(new Quantile(quantile, counts.percentile(quantile * 100) / NANOS));
        }
        return Quantiles.of(quantiles);
    }
}
