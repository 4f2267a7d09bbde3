package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RoomGuessTest {
    private static final long AGAIN = TimeUnit.MINUTES.toNanos(10);

    @Test
    void aGuessThatThereIsNoRoomIsTriedOnceInAWhile() {
        RoomGuess guess = new RoomGuess();
        assertThat(guess.allows(true, 0)).isTrue();
        for (long now = 5; now < 5 + 3 * (AGAIN + 1); now += AGAIN + 1) {
            assertThat(guess.allows(false, now)).isFalse();
            assertThat(guess.allows(false, now + AGAIN - 1)).isFalse();
            assertThat(guess.allows(false, now + AGAIN)).isTrue();
        }
        assertThat(guess.allows(false, 0)).isFalse();
        assertThat(guess.allows(true, 1)).isTrue();
        assertThat(guess.allows(false, AGAIN)).isFalse();
    }
}
