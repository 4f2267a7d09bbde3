package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.memory.Elements;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sorted sets of many blocks, whose members lie in native memory, against a plain sorted list. */
class ScoreTreeTest {
    private final NativeBlocks blocks = new NativeBlocks();
    private final Map<String, Double> model = new HashMap<>();
    private final SortedSetValue set = new SortedSetValue(new KeyHash(3));

    @AfterEach
    void close() {
        blocks.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private void put(String member, double score) {
        Double before = model.put(member, score);
        double was = set.put(bytes(member), score, Packing.DEFAULT);
        assertThat(Double.isNaN(was) ? null : was).isEqualTo(before);
        settle();
    }

    private void remove(String member) {
        byte[] bytes = bytes(member);
        assertThat(set.remove(bytes, 0, bytes.length)).isEqualTo(model.remove(member) != null);
    }

    private void settle() {
        if (set.elements() != null) {
            set.elements().settle(blocks);
        }
    }

    private void check() {
        List<String> order = new ArrayList<>(model.keySet());
        order.sort(Comparator.<String>comparingDouble(model::get).thenComparing(Comparator.naturalOrder()));
        List<String> seen = new ArrayList<>();
        set.forEach((member, score) -> {
            String name = new String(member, ISO_8859_1);
            seen.add(name);
            assertThat(score).isEqualTo(model.get(name));
        });
        assertThat(seen).isEqualTo(order);
        List<String> back = new ArrayList<>();
        int number = order.size();
        set.range(number - 1, number, true, (member, score) -> back.add(new String(member, ISO_8859_1)));
        assertThat(back.reversed()).isEqualTo(order);
        for (int rank = 0; rank < number; rank += 17) {
            String name = order.get(rank);
            double score = model.getOrDefault(name, Double.NaN);
            assertThat(set.rank(bytes(name))).isEqualTo(rank);
            assertThat(set.below(score, false)).isEqualTo((int)
                    model.values().stream().filter(other -> other < score).count());
            assertThat(set.below(score, true)).isEqualTo((int)
                    model.values().stream().filter(other -> other <= score).count());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void isInOrderHoweverMembersComeMoveAndGo(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        // Of the third all scores are equal.
        int scores = seed == 3 ? 1 : 500;
        for (int i = 0; i < 12_000; i++) {
            String member = "m" + random.nextInt(2_500);
            boolean shrinks = i / 3_000 % 2 == 1;
            if (random.nextInt(10) < (shrinks ? 8 : 2)) {
                remove(member);
            } else {
                put(member, random.nextInt(scores) - 20);
            }
            if (i % 1_500 == 1_499) {
                check();
            }
        }
        for (int i = 0; i < 3_000; i++) {
            put("later" + i, 1_000 + i);
        }
        check();
        if (scores == 1) {
            return;
        }
        for (int i = 0; i < 3_000; i++) {
            put("later" + i, -1_000 - i);
        }
        check();
        for (String member : List.copyOf(model.keySet())) {
            remove(member);
        }
        check();
        assertThat(set.bytes()).isLessThan(80_000);
        Elements elements = set.elements();
        assertThat(elements).isNotNull();
        elements.release();
        assertThat(blocks.bytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {2_000})
    void equalScoresAreInTheOrderOfTheirBytes(int members) {
        for (int i = 0; i < members; i++) {
            put("m" + (i * 7 % members), 0);
        }
        check();
        List<String> order = model.keySet().stream().sorted().toList();
        for (int i = 0; i < members; i += 13) {
            assertThat(set.belowMember(bytes(order.get(i)), false)).isEqualTo(i);
            assertThat(set.belowMember(bytes(order.get(i)), true)).isEqualTo(i + 1);
            assertThat(set.belowMember(bytes(order.get(i) + "!"), true)).isEqualTo(i + 1);
        }
    }
}
