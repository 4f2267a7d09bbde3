package io.plinth.dbproxy.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WaitsTest {
    @Test
    void waitsOfAllLoopsAreCountedInTheirBuckets() {
        Metrics metrics = new Metrics();
        Waits waits = new Waits(metrics.registry());
        Waits.Recorder one = waits.open();
        Waits.Recorder other = waits.open();
        one.record(1_000_000);
        one.record(1_000_001);
        other.record(300_000_000);
        other.record(60_000_000_000L);

        HistogramSnapshot shown = metrics.registry().scrape().stream()
                .filter(snapshot -> snapshot.getMetadata().getName().equals("db_proxy_pool_wait_seconds"))
                .map(HistogramSnapshot.class::cast)
                .findFirst()
                .orElseThrow();
        HistogramDataPointSnapshot point = shown.getDataPoints().getFirst();
        ClassicHistogramBuckets buckets = point.getClassicBuckets();
        assertThat(List.of(
                        buckets.getCount(0),
                        buckets.getCount(1),
                        buckets.getCount(2),
                        buckets.getCount(3),
                        buckets.getCount(4),
                        buckets.getCount(7)))
                .containsExactly(1L, 1L, 0L, 0L, 1L, 1L);
        assertThat(point.getCount()).isEqualTo(4);
        assertThat(point.getSum()).isEqualTo(60.302000001);
    }
}
