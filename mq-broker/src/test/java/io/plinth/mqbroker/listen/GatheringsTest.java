package io.plinth.mqbroker.listen;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class GatheringsTest {
    @Test
    void aLoopHasOneForAllItsListeners() {
        Gatherings gatherings = new Gatherings(() -> 1_000_000, System::nanoTime);
        Executor loop = work -> {};
        Executor other = work -> {};

        assertThat(gatherings.of(loop)).isSameAs(gatherings.of(loop)).isNotSameAs(gatherings.of(other));
    }
}
