package io.plinth.kit.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.health.RiseFall.Verdict;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RiseFallTest {
    private final RiseFall state = new RiseFall(2, 3);

    private String feed(String results) {
        StringBuilder changes = new StringBuilder();
        for (int i = 0; i < results.length(); i++) {
            boolean changed = state.report(results.charAt(i) == '+');
            changes.append(!changed ? '.' : state.verdict() == Verdict.UP ? 'U' : 'D');
        }
        return changes.toString();
    }

    @Test
    void believesTheFirstSuccess() {
        assertThat(feed("+")).isEqualTo("U");
    }

    @Test
    void believesTheFirstFailure() {
        assertThat(feed("-")).isEqualTo("D");
    }

    @Test
    void fallsAfterThatManyFailuresInARow() {
        assertThat(feed("+--+--+---")).isEqualTo("U........D");
    }

    @Test
    void risesAfterThatManySuccessesInARow() {
        assertThat(feed("-+-+-++")).isEqualTo("D.....U");
    }

    @Test
    void anEjectedServerRisesByProbes() {
        feed("+--");

        assertThat(state.eject()).isTrue();
        assertThat(state.eject()).isFalse();
        assertThat(feed("+-++")).isEqualTo("...U");
    }

    @Test
    void aRunOfFallResultsAgainstTheVerdictAlwaysTurnsIt() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 10_000; i++) {
            state.report(random.nextBoolean());
            if (random.nextInt(20) == 0) {
                feed("---");
                assertThat(state.verdict()).isEqualTo(Verdict.DOWN);
                feed("++");
                assertThat(state.verdict()).isEqualTo(Verdict.UP);
            }
        }
    }

    @Test
    void refusesAThresholdOfZero() {
        assertThatThrownBy(() -> new RiseFall(0, 3)).hasMessage("rise, fall: 0, 3 (expected: at least 1)");
    }
}
