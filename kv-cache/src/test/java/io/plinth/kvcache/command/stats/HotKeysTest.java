package io.plinth.kvcache.command.stats;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HotKeysTest {
    private long now = 1_000_000;
    private final HotList list = new HotList(() -> now);

    private void use(HotKeys keys, int db, String key) {
        byte[] bytes = ("--" + key).getBytes(ISO_8859_1);
        if (keys.due()) {
            keys.count(key.hashCode() & 0xff, db, bytes, 2, bytes.length - 2, now);
        }
    }

    private List<String> names(int most) {
        return list.top(most).stream()
                .map(hot -> hot.db() + " " + new String(hot.key(), ISO_8859_1))
                .toList();
    }

    /** A tenth of the uses are of five keys, over two loops, among a hundred thousand others, whose hashes they share. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findsTheKeysThatAreUsedMostAmongManyOthers(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        HotKeys[] loops = {list.begin(), list.begin()};
        for (int i = 0; i < 1_000_000; i++) {
            if (i % 100 == 0) {
                now++;
            }
            int kind = random.nextInt(50);
            String key = kind < 5 ? "hot" + kind : "cold" + random.nextInt(100_000);
            use(loops[random.nextInt(2)], kind < 5 ? kind % 2 : 0, key);
        }
        assertThat(names(5))
                .as("seed %d", seed)
                .containsExactlyInAnyOrder("0 hot0", "1 hot1", "0 hot2", "1 hot3", "0 hot4");
        // 100 uses a millisecond, a fiftieth of them each; a summary says at least how many.
        assertThat(list.top(5)).allSatisfy(hot -> assertThat(hot.perSecond()).isBetween(400.0, 3_000.0));
    }

    @Test
    void aKeyThatIsUsedNoMoreCools() {
        HotKeys keys = list.begin();
        for (int i = 0; i < 100_000; i++) {
            use(keys, 3, "once");
        }
        double first = list.top(1).getFirst().perSecond();
        assertThat(list.frequency("once".hashCode() & 0xff, 3)).isBetween(100, 200);
        now += 20_000;
        assertThat(list.top(1).getFirst().perSecond()).isBetween(first / 10, first / 3);
        now += 1_000_000;
        assertThat(list.top(1)).isEmpty();
        assertThat(list.frequency("once".hashCode() & 0xff, 3)).isZero();
    }

    @Test
    void aLongKeyIsShownByItsFirstBytes() {
        HotKeys keys = list.begin();
        for (int i = 0; i < 10_000; i++) {
            use(keys, 0, "k".repeat(1_000));
        }
        assertThat(names(5)).containsExactly("0 " + "k".repeat(128));
    }

    @Test
    void whatALoopCountedGoesWithIt() {
        HotKeys keys = list.begin();
        for (int i = 0; i < 10_000; i++) {
            use(keys, 0, "k");
        }
        assertThat(names(5)).containsExactly("0 k");
        list.end(keys);
        assertThat(names(5)).isEmpty();
    }
}
