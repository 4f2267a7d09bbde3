package io.plinth.kvcache.admin;

import io.plinth.kvcache.keyspace.Keyspace;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;

/** How long after its time a key goes that nobody looks at, as /metrics shows it. */
final class ExpiryLags {
    private ExpiryLags() {}

    static HistogramSnapshot snapshot(Keyspace keyspace) {
        long[] millis = Keyspace.lagBounds();
        double[] bounds = new double[millis.length + 1];
        for (int i = 0; i < millis.length; i++) {
            bounds[i] = millis[i] / 1000.0;
        }
        bounds[millis.length] = Double.POSITIVE_INFINITY;
        return HistogramSnapshot.builder()
                .name("kvcache_expiry_lag_seconds")
                .help("From the time of a key that nobody looks at to its removal.")
                .dataPoint(HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, keyspace.expiryLags()))
                        .build())
                .build();
    }
}
