package io.plinth.deploy.bench.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.deploy.DeployException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What PerfTest 2.22.1 prints at its end. */
class PerfTestLoadTest {
    private static final Duration TIME = Duration.ofSeconds(4);
    private static final String TRANSIENT = """
        id: test-1, time 4.013 s, sent: 12918 msg/s, received: 12892 msg/s, min/median/75th/95th/99th consumer latency: 1/2/3/4/5 µs
        test stopped (Reached time limit)
        id: test-1, sending rate avg: 8251 msg/s
        id: test-1, receiving rate avg: 8250 msg/s
        id: test-1, consumer latency min/median/75th/95th/99th 4612/27256/275191/542380/559055 µs
        """;

    @Test
    void itsLastLinesCount() throws Exception {
        assertThat(PerfTestLoad.outcome(TRANSIENT, TIME))
                .isEqualTo(new Bench.Outcome(TIME, 33_000, 27_256, 559_055, ""));
    }

    @Test
    void theLatencyOfConfirmsCountsWhereThereAreAny() throws Exception {
        String output =
                TRANSIENT + "id: test-1, confirm latency min/median/75th/95th/99th 9928/34832/48620/83713/135892 µs\n";
        Bench.Outcome outcome = PerfTestLoad.outcome(output, TIME);
        assertThat(outcome.p50Micros()).isEqualTo(34_832);
        assertThat(outcome.p99Micros()).isEqualTo(135_892);
    }

    @Test
    void whatItSaysInsteadIsTold() {
        assertThatThrownBy(() -> PerfTestLoad.outcome("Connection refused", TIME))
                .isInstanceOf(DeployException.class)
                .hasMessageContaining("Connection refused");
    }
}
