package io.plinth.mqbroker.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CapacityTest {
    private static final long SECOND = 1_000_000_000L;

    private final Capacity capacity = new Capacity();

    @Test
    void isWholeWhileSomebodyHasRoom() {
        capacity.began(0);
        assertThat(capacity.fraction(5 * SECOND)).isEqualTo(1);
    }

    @Test
    void fallsWhileNobodyHasAndRisesAgain() {
        capacity.began(0);
        capacity.lacks(0);
        assertThat(capacity.fraction(SECOND)).isCloseTo(Math.exp(-1), within(1e-9));
        assertThat(capacity.fraction(60 * SECOND)).isCloseTo(0, within(1e-9));
        capacity.free(60 * SECOND);
        assertThat(capacity.fraction(61 * SECOND)).isCloseTo(1 - Math.exp(-1), within(1e-9));
    }

    @Test
    void isTheShareOfTheTimeWhereItComesAndGoes() {
        capacity.began(0);
        for (long nanos = 0; nanos < 60 * SECOND; nanos += 4_000_000) {
            capacity.lacks(nanos);
            capacity.lacks(nanos + 1_000_000);
            capacity.free(nanos + 3_000_000);
        }
        assertThat(capacity.fraction(60 * SECOND)).isCloseTo(0.25, within(0.01));
    }

    @Test
    void beginsAnewWithTheFirstConsumer() {
        capacity.began(0);
        capacity.lacks(0);
        capacity.began(9 * SECOND);
        assertThat(capacity.fraction(10 * SECOND)).isEqualTo(1);
    }
}
