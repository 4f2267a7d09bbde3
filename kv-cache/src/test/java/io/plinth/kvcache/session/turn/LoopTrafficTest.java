package io.plinth.kvcache.session.turn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LoopTrafficTest {
    private final LoopTraffic traffic = new LoopTraffic();

    @Test
    void aTimeThatIsPastWipesNothingOutAndCountsWithTheNewest() {
        traffic.read(500, 100, 20_000);
        traffic.wrote(300, 20_000);
        // Of the second whose place is that of the one before.
        traffic.read(7, 0, 12_000);
        traffic.wrote(900, 12_500);

        assertThat(traffic.largestInput(20_900)).isEqualTo(600);
        assertThat(traffic.largestOutput(20_900)).isEqualTo(900);
        assertThat(traffic.input()).isEqualTo(507);
        assertThat(traffic.output()).isEqualTo(1_200);
    }

    @Test
    void theLargestIsForgottenAfterEightSeconds() {
        traffic.read(500, 0, 20_000);
        traffic.read(50, 0, 25_000);

        assertThat(traffic.largestInput(27_999)).isEqualTo(500);
        assertThat(traffic.largestInput(28_000)).isEqualTo(50);
        traffic.read(5, 0, 28_000);
        assertThat(traffic.largestInput(28_000)).isEqualTo(50);
        assertThat(traffic.largestInput(40_000)).isZero();
    }
}
