package io.plinth.kvcache.loader;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CircuitTest {
    private long now;
    private final Circuit circuit = new Circuit(3, 1_000, () -> now);

    @Test
    void itOpensAfterFailuresInARowAndOneQuestionTriesAgain() {
        for (int i = 0; i < 3; i++) {
            assertThat(circuit.admits()).isTrue();
            circuit.failed();
        }
        assertThat(circuit.admits()).isFalse();
        now += 1_000;
        assertThat(circuit.admits()).isTrue();
        assertThat(circuit.admits()).isFalse();
        circuit.failed();
        assertThat(circuit.admits()).isFalse();
        now += 1_000;
        assertThat(circuit.admits()).isTrue();
        circuit.succeeded();
        assertThat(circuit.admits()).isTrue();
        assertThat(circuit.admits()).isTrue();
        assertThat(circuit.isOpen()).isFalse();
    }

    @Test
    void aSuccessBetweenKeepsItClosed() {
        for (int i = 0; i < 10; i++) {
            circuit.failed();
            circuit.failed();
            circuit.succeeded();
        }
        assertThat(circuit.admits()).isTrue();
    }
}
