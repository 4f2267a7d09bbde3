package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A list whose elements go between the heap and native memory, which has no room now and then. */
class ListValueTest {
    private final NativeBlocks blocks = new NativeBlocks();
    private final Packing packing = Packing.DEFAULT;

    @AfterEach
    void close() {
        blocks.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static String word(SplittableRandom random, int longest) {
        int kind = random.nextInt(100);
        int length = kind == 0 ? random.nextInt(longest) : kind < 5 ? random.nextInt(700) : random.nextInt(30);
        return random.nextInt(4) == 0
                ? Integer.toString(random.nextInt(5_000) - 300)
                : Character.toString('a' + random.nextInt(26)).repeat(length);
    }

    private static List<String> seen(ListValue list) {
        List<String> seen = new ArrayList<>();
        list.range(0, list.size(), element -> seen.add(new String(element, ISO_8859_1)));
        return seen;
    }

    private void change(SplittableRandom random, ListValue list, List<String> model, String word, int target) {
        int at = model.isEmpty() ? 0 : random.nextInt(model.size());
        int act = random.nextInt(model.size() > target ? 12 : 9);
        boolean left = random.nextBoolean();
        if (act < 4 || model.isEmpty()) {
            list.push(left, bytes(word), packing);
            model.add(left ? 0 : model.size(), word);
        } else if (act < 6) {
            list.insert(at, bytes(word), packing);
            model.add(at, word);
        } else if (act < 8) {
            list.set(at, bytes(word), packing);
            model.set(at, word);
        } else if (act < 11) {
            byte[] popped = Objects.requireNonNull(list.pop(left, packing));
            assertThat(new String(popped, ISO_8859_1)).isEqualTo(model.remove(left ? 0 : model.size() - 1));
        } else {
            int count = 1 + random.nextInt(random.nextInt(20) == 0 ? model.size() - at : 3);
            list.remove(at, count, packing);
            model.subList(at, Math.min(model.size(), at + count)).clear();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 40, 3000", "2, 300, 20000", "3, 4000, 3000", "4, 10, 90000"})
    void isTheSameWhereverItsElementsAre(int seed, int target, int longest) {
        SplittableRandom random = new SplittableRandom(seed);
        ListValue list = new ListValue();
        List<String> model = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 30_000; i++) {
            Elements elements = Objects.requireNonNull(list.elements());
            switch (random.nextInt(300)) {
                case 0 -> elements.leave();
                case 1 -> {
                    elements.moving();
                    elements.leave();
                    elements.release();
                }
                case 2, 3 -> elements.compact();
                case 4 -> assertThat(seen(list)).isEqualTo(model);
                case 5 -> assertThat(seen((ListValue) list.copy())).isEqualTo(model);
                default -> {
                    // On with the next.
                }
            }
            elements.settle(blocks);
            blocks.left = random.nextInt(3) == 0 ? random.nextInt(3) : Long.MAX_VALUE;
            long before = list.bytes();
            try {
                change(random, list, model, word(random, longest), target);
            } catch (NoRoomException e) {
                assertThat(list.bytes()).isEqualTo(before);
                refused++;
            }
            blocks.left = Long.MAX_VALUE;
            assertThat(list.size()).isEqualTo(model.size());
            if (!model.isEmpty()) {
                int at = random.nextInt(model.size());
                assertThat(new String(Objects.requireNonNull(list.get(at)), ISO_8859_1))
                        .isEqualTo(model.get(at));
                assertThat(list.get(at - model.size())).isEqualTo(list.get(at));
            }
        }
        assertThat(seen(list)).isEqualTo(model);
        assertThat(refused).isPositive();
        Elements elements = Objects.requireNonNull(list.elements());
        elements.settle(blocks);
        assertThat(blocks.bytes()).isPositive().isLessThanOrEqualTo(list.bytes());
        elements.leave();
        assertThat(blocks.bytes()).isZero();
        assertThat(seen(list)).isEqualTo(model);
        elements.settle(blocks);
        elements.release();
        assertThat(blocks.bytes()).as("seed %d", seed).isZero();
    }

    @Test
    void takesLittleMoreThanItsElements() {
        ListValue list = new ListValue();
        int count = 200_000;
        for (int i = 0; i < count; i++) {
            list.push(i % 2 == 0, bytes("element-%06d".formatted(i)), packing);
            Objects.requireNonNull(list.elements()).settle(blocks);
        }
        assertThat(list.bytes() / (double) count).isLessThan(16.3);
        for (int i = 0; i < count; i++) {
            list.remove(list.size() * (i % 7) / 7, 1, packing);
            if (i % 20_000 == 0) {
                assertThat(list.bytes() / (list.size() + 1.0)).isLessThan(20);
            }
        }
        Objects.requireNonNull(list.elements()).release();
        assertThat(blocks.bytes()).isZero();
    }

    /** A list whose nodes found no native memory is moved there some nodes at a change, from where the last one came to. */
    @Test
    void comesIntoNativeMemoryStepByStepWhereItWasFull() {
        ListValue list = new ListValue();
        long held = 0;
        for (int i = 0; i < 200_000; i++) {
            byte[] element = bytes("element-%06d".formatted(i));
            list.push(false, element, packing);
            held += element.length;
        }
        Elements elements = Objects.requireNonNull(list.elements());
        blocks.left = 3;
        elements.settle(blocks);
        assertThat(blocks.bytes()).isPositive().isLessThan(4 * 8192);
        blocks.left = 0;
        elements.settle(blocks);
        blocks.left = Long.MAX_VALUE;
        int changes = 0;
        for (long before = -1; before < blocks.bytes(); changes++) {
            before = blocks.bytes();
            elements.settle(blocks);
            assertThat(blocks.bytes() - before).isLessThanOrEqualTo(64 * 8192);
        }
        assertThat(changes).isBetween(5, 20);
        assertThat(blocks.bytes()).isGreaterThan(held);
        elements.release();
        assertThat(blocks.bytes()).isZero();
    }
}
