package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.LifeCycle.State;
import org.junit.jupiter.api.Test;

class LifeCycleTest {
    private final LifeCycle life = new LifeCycle("lb-1");

    @Test
    void goesThroughAWholeLife() {
        for (State next : new State[] {
            State.STARTING, State.RUNNING, State.RELOADING, State.RUNNING, State.DRAINING, State.STOPPING, State.STOPPED
        }) {
            assertThat(life.allows(next)).isTrue();
            life.transition(next, "test");
        }
        for (State next : State.values()) {
            assertThat(life.allows(next)).isFalse();
        }
    }

    @Test
    void refusesAStepTheTableDoesNotHaveAndStays() {
        assertThatThrownBy(() -> life.transition(State.RUNNING, "impatience"))
                .hasMessage("life of lb-1 - from=NEW to=RUNNING (impatience)");
        assertThat(life.state()).isEqualTo(State.NEW);
    }
}
