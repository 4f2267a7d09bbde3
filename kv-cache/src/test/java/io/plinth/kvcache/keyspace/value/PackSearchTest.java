package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.wire.Numbers;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches in native memory, against the same elements in an array and in a list. */
class PackSearchTest {
    /** A record has at least its head before its elements. */
    private static final int BEFORE = 10;

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static byte[] word(SplittableRandom random) {
        return bytes(
                switch (random.nextInt(8)) {
                    case 0 -> Long.toString(random.nextLong() >> random.nextInt(63));
                    case 1 -> "w".repeat(random.nextInt(90));
                    case 2 -> "x".repeat(60 + random.nextInt(200)) + random.nextInt(3);
                    case 3 -> random.nextInt(50) == 0 ? "z".repeat(5_000) : "" + (char) ('a' + random.nextInt(20));
                    case 4 -> "\377\200" + random.nextInt(3);
                    default -> "member:" + random.nextInt(30);
                });
    }

    private static byte[] score(SplittableRandom random) {
        return bytes(
                switch (random.nextInt(12)) {
                    case 0 -> random.nextInt(200) + ".5";
                    case 1 -> Long.toString(random.nextLong() >> random.nextInt(63));
                    case 2 -> Integer.toString(random.nextInt(-5_000, 5_000));
                    default -> Integer.toString(random.nextInt(10_000));
                });
    }

    private static ListPack inMemory(Arena arena, ListPack pack) {
        long address = arena.allocate(BEFORE + pack.length() + 1L).address() + BEFORE;
        byte[] elements = new byte[pack.length()];
        pack.copyTo(elements, 0);
        Native.put(elements, 0, address, elements.length);
        return new ListPack(address, elements.length, elements.length, pack.count());
    }

    private static boolean isInteger(byte[] score) {
        return Numbers.isLong(score, 0, score.length);
    }

    private static boolean isBelow(byte[] score, long number) {
        return isInteger(score) && Numbers.parse(score, 0, score.length) < number;
    }

    /** It takes more than two bytes. */
    private static boolean isWide(byte[] score) {
        return isInteger(score)
                && Numbers.parse(score, 0, score.length) != (short) Numbers.parse(score, 0, score.length);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findsWhatASearchOfAnArrayFinds(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int found = 0;
        for (int round = 0; round < 2_000; round++) {
            ListPack pack = new ListPack();
            List<byte[]> words = new ArrayList<>();
            List<Integer> offsets = new ArrayList<>();
            for (int i = random.nextInt(60) * 2; i > 0; i--) {
                words.add(i % 2 == 0 ? word(random) : random.nextBoolean() ? score(random) : word(random));
                offsets.add(pack.length());
                pack.append(words.getLast());
            }
            try (Arena arena = Arena.ofConfined()) {
                ListPack there = inMemory(arena, pack);
                for (int k = 0; k < 10 && !words.isEmpty(); k++) {
                    int first = random.nextInt(words.size());
                    int skip = random.nextInt(2);
                    byte[] wanted = bytes(".."
                            + new String(
                                    random.nextBoolean() ? words.get(random.nextInt(words.size())) : word(random),
                                    ISO_8859_1));
                    long expected = pack.search(offsets.get(first), wanted, 2, wanted.length - 2, skip);
                    assertThat(there.search(offsets.get(first), wanted, 2, wanted.length - 2, skip))
                            .isEqualTo(expected);
                    found += expected >= 0 ? 1 : 0;
                }
            }
        }
        assertThat(found).isGreaterThan(2_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void passesPairsUpToTheFirstThatIsNotBelow(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 4_000; round++) {
            ListPack pack = new ListPack();
            List<Integer> pairs = new ArrayList<>();
            List<byte[]> scores = new ArrayList<>();
            for (int i = random.nextInt(40); i > 0; i--) {
                pairs.add(pack.length());
                pack.append(word(random));
                scores.add(score(random));
                pack.append(scores.getLast());
            }
            int first = pairs.isEmpty() ? 0 : random.nextInt(pairs.size());
            long number = random.nextInt(3) == 0 ? random.nextLong() >> random.nextInt(63) : random.nextInt(12_000);
            int expected = first;
            // Integers of more than two bytes are rare, and left to who asked.
            while (expected < pairs.size() && isBelow(scores.get(expected), number) && !isWide(scores.get(expected))) {
                expected++;
            }
            try (Arena arena = Arena.ofConfined()) {
                int at = inMemory(arena, pack).passBelow(pairs.isEmpty() ? ListPack.END : pairs.get(first), number);
                assertThat(at).isEqualTo(expected == pairs.size() ? ListPack.END : pairs.get(expected));
            }
        }
    }
}
