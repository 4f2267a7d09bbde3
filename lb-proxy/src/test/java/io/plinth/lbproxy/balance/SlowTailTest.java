package io.plinth.lbproxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlowTailTest {
    private final SlowTail tail = new SlowTail(95, 100);

    @Test
    void itSaysNothingOfTooFew() {
        for (int i = 0; i < 99; i++) {
            tail.observe(1_000_000);
        }
        tail.look();
        assertThat(tail.nanos()).isEqualTo(-1);
        tail.observe(1_000_000);
        tail.look();
        assertThat(tail.nanos()).isBetween(1_000_000L, 1_300_000L);
    }

    @Test
    void theSlowestTwentiethIsAboveItAndTheRestIsNot() {
        for (int i = 1; i <= 1000; i++) {
            tail.observe(i * 100_000L);
        }
        tail.look();
        assertThat(tail.nanos()).isBetween(95_000_000L, 120_000_000L);
    }

    @Test
    void itForgetsWhatIsOld() {
        for (int i = 0; i < 1000; i++) {
            tail.observe(1_000_000_000L);
        }
        tail.look();
        assertThat(tail.nanos()).isGreaterThan(1_000_000_000L);
        for (int look = 0; look < 1000; look++) {
            tail.observe(2_000_000);
            tail.observe(2_000_000);
            tail.observe(2_000_000);
            tail.look();
        }
        assertThat(tail.nanos()).isBetween(2_000_000L, 2_700_000L);
    }

    @Test
    void nothingIsTooShortOrTooLong() {
        for (int i = 0; i < 200; i++) {
            tail.observe(i % 2 == 0 ? 0 : Long.MAX_VALUE);
        }
        tail.look();
        assertThat(tail.nanos()).isGreaterThan(60_000_000_000L);
    }
}
