package io.plinth.kvcache.command.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LatencyCountsTest {
    @Test
    void everyTimeIsKeptToTwoDigits() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 100_000; i++) {
            long nanos = random.nextLong(1L << (1 + random.nextInt(30))) % 1_000_000_000L;
            long shown = LatencyCounts.highest(LatencyCounts.index(nanos));
            assertThat(shown).isBetween(nanos, nanos + nanos / 128);
        }
        assertThat(LatencyCounts.index(Long.MAX_VALUE)).isEqualTo(LatencyCounts.index(1_000_000_000L));
        assertThat(LatencyCounts.index(-5)).isZero();
    }

    @Test
    void percentilesAreThoseOfTheSortedTimes() {
        SplittableRandom random = new SplittableRandom(6);
        LatencyCounts counts = new LatencyCounts();
        long[] times = new long[10_001];
        Arrays.setAll(times, i -> random.nextLong(1L << (8 + random.nextInt(16))));
        for (long time : times) {
            counts.add(time);
        }
        Arrays.sort(times);
        for (double percent : new double[] {0, 1, 50, 90, 99, 99.9, 100}) {
            long exact = times[(int) Math.max(0, Math.round(percent / 100 * times.length) - 1)];
            assertThat(counts.percentile(percent)).as("p%s", percent).isBetween(exact, exact + exact / 128 + 1);
        }
        assertThat(counts.total()).isEqualTo(times.length);
        assertThat(new LatencyCounts().percentile(50)).isZero();
    }

    /** The steps that Redis 7.0.15 showed for such times. */
    @Test
    void stepsAreThoseThatRedisShows() {
        LatencyCounts counts = new LatencyCounts();
        for (long micros : new long[] {1, 7, 8, 20, 40, 540, 2_000_000}) {
            counts.add(micros * 1000);
        }
        List<String> steps = new ArrayList<>();
        counts.logarithmic((nanos, count) -> steps.add(nanos / 1000 + ":" + count));
        assertThat(steps.subList(0, 5)).containsExactly("1:1", "8:3", "33:4", "66:5", "1056:6");
        assertThat(steps).hasSize(6);
    }
}
