package io.plinth.mqbroker.channel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WaitsTest {
    @Test
    void aDeliveryWaitsSinceTheFirstMarkBehindIt() {
        Waits waits = new Waits();
        assertThat(waits.nanos(1, 50)).isZero();
        waits.mark(3, 100);
        waits.mark(3, 150);
        waits.mark(7, 200);
        assertThat(waits.nanos(1, 250)).isEqualTo(150);
        assertThat(waits.nanos(3, 250)).isEqualTo(150);
        assertThat(waits.nanos(4, 250)).isEqualTo(50);
        assertThat(waits.nanos(8, 250)).isZero();
        waits.forget(4);
        assertThat(waits.nanos(5, 250)).isEqualTo(50);
    }
}
