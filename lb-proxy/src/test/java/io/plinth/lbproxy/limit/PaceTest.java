package io.plinth.lbproxy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000L;

    private final Pace pace = new Pace(100, 10 * SECOND);

    @Test
    void whoIsSlowButSteadyLives() {
        for (int second = 0; second < 10_000; second++) {
            assertThat(pace.late(second * SECOND, second * 101L, true)).isFalse();
        }
    }

    @Test
    void whoDribblesDiesThoughItNeverStops() {
        int second = 0;
        while (!pace.late(second * SECOND, second * 50L, true)) {
            second++;
        }
        assertThat(second).isEqualTo(21);
    }

    @Test
    void whoStopsDiesAfterTheGrace() {
        int second = 0;
        while (!pace.late(second * SECOND, 0, true)) {
            second++;
        }
        assertThat(second).isEqualTo(11);
    }

    @Test
    void aBurstBuysNoMoreThanTheGrace() {
        assertThat(pace.late(0, 0, true)).isFalse();
        assertThat(pace.late(SECOND, 1L << 40, true)).isFalse();
        assertThat(pace.late(11 * SECOND, 1L << 40, true)).isFalse();
        assertThat(pace.late(12 * SECOND, 1L << 40, true)).isTrue();
    }

    @Test
    void timeInWhichNobodyWaitsForItDoesNotCount() {
        assertThat(pace.late(0, 0, false)).isFalse();
        assertThat(pace.late(1_000 * SECOND, 0, false)).isFalse();
        assertThat(pace.late(1_009 * SECOND, 0, true)).isFalse();
        assertThat(pace.late(1_011 * SECOND, 0, true)).isTrue();
    }

    @Test
    void aRateOfZeroAsksForNothing() {
        Pace any = new Pace(0, SECOND);
        assertThat(any.late(0, 0, true)).isFalse();
        assertThat(any.late(1_000 * SECOND, 0, true)).isFalse();
    }
}
