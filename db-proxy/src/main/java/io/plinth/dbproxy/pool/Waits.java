package io.plinth.dbproxy.pool;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How long clients have waited for a server connection, as a histogram of seconds. Each event loop counts by itself, as one
 * that all of them share costs several atomic steps for each wait; whoever reads adds up.
 */
final class Waits implements Collector {
    private static final double[] BOUNDS = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, Double.POSITIVE_INFINITY};
    private static final String NAME = "db_proxy_pool_wait_seconds";
    private static final double NANOS = 1e9;

    private final List<Recorder> recorders = new CopyOnWriteArrayList<>();

    Waits(PrometheusRegistry registry) {
        registry.register(this);
    }

    /** One event loop's. */
    static final class Recorder {
        private final AtomicLongArray counts = new AtomicLongArray(BOUNDS.length + 1);

        void record(long nanos) {
            int bucket = 0;
            while (nanos > BOUNDS[bucket] * NANOS) {
                bucket++;
            }
            add(bucket, 1);
            add(BOUNDS.length, nanos);
        }

        /** There is one writer. */
        private void add(int index, long amount) {
            counts.setOpaque(index, counts.getPlain(index) + amount);
        }
    }

    /** A recorder for one event loop. */
    Recorder open() {
        Recorder made = new Recorder();
        recorders.add(made);
        return made;
    }

    @Override
    public HistogramSnapshot collect() {
        long[] counts = new long[BOUNDS.length];
        long nanos = 0;
        for (Recorder recorder : recorders) {
            for (int i = 0; i < counts.length; i++) {
                counts[i] += recorder.counts.getOpaque(i);
            }
            nanos += recorder.counts.getOpaque(BOUNDS.length);
        }
        return HistogramSnapshot.builder()
                .name(NAME)
                .help("Time waited for a server connection, where one had to wait.")
                .dataPoint(HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(ClassicHistogramBuckets.of(BOUNDS, counts))
                        .sum(nanos / NANOS)
                        .build())
                .build();
    }
}
