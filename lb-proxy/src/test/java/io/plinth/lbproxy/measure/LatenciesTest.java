package io.plinth.lbproxy.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    private static final long MICRO = 1_000;

    private final AtomicLong now = new AtomicLong();
    private final Latencies latencies = new Latencies(2, now::get);

    @Test
    void percentilesOfBothLoopsAreTrueToTwoDigitsUpToTheRarest() {
        for (int i = 1; i <= 100_000; i++) {
            latencies.record(i % 2, i * MICRO);
        }
        Latencies.Reading reading = latencies.read(50, 95, 99, 99.9, 99.99);
        assertThat(reading.count()).isEqualTo(100_000);
        assertThat(reading.sumSeconds()).isCloseTo(5_000.05, Percentage.withPercentage(1));
        double[] exact = {0.05, 0.095, 0.099, 0.0999, 0.09999};
        for (int i = 0; i < exact.length; i++) {
            assertThat(reading.seconds()[i]).isCloseTo(exact[i], within(exact[i] / 100));
        }
    }

    @Test
    void oneInTenThousandShowsAtTheRarestPercentileAlone() {
        for (int i = 0; i < 9_998; i++) {
            latencies.record(0, 1_000 * MICRO);
        }
        latencies.record(0, 5_000_000 * MICRO);
        latencies.record(1, 5_000_000 * MICRO);
        Latencies.Reading reading = latencies.read(99.9, 99.99);
        assertThat(reading.seconds()[0]).isCloseTo(0.001, within(0.00002));
        assertThat(reading.seconds()[1]).isCloseTo(5, within(0.05));
    }

    @Test
    void whatIsOlderThanTwoWindowsIsForgottenButCounted() {
        latencies.record(0, 5_000_000 * MICRO);
        assertThat(latencies.read(99.99).seconds()[0]).isCloseTo(5, within(0.05));
        for (int window = 0; window < 3; window++) {
            now.addAndGet(61_000_000_000L);
            latencies.record(0, 1_000 * MICRO);
            latencies.read(99.99);
        }
        Latencies.Reading reading = latencies.read(99.99);
        assertThat(reading.seconds()[0]).isCloseTo(0.001, within(0.00002));
        assertThat(reading.count()).isEqualTo(4);
    }
}
