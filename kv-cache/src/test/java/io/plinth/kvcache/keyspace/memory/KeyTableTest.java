package io.plinth.kvcache.keyspace.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTableTest {
    private static final int KEYS = 20_000;
    /** Of all keys in the order of their hashes, the mean walk past others: without a mend, thousands. */
    private static final int NEAR = 400;

    private final KeyTable table = new KeyTable();
    private final SplittableRandom random = new SplittableRandom(7);

    /** Hash above, handle below. */
    private List<Long> keys(int count) {
        List<Long> keys = new ArrayList<>();
        for (int handle = 1; handle <= count; handle++) {
            keys.add((long) random.nextInt() << 32 | handle);
        }
        return keys;
    }

    private void add(long place) {
        table.add(KeyTable.hash(place), KeyTable.handle(place));
    }

    private void remove(long place) {
        table.remove(KeyTable.hash(place), KeyTable.handle(place));
    }

    /** How many places are looked at before this one is found. */
    private int walk(long place) {
        int steps = 0;
        for (int i = table.first(KeyTable.hash(place)); table.place(i) != place; i = table.next(i)) {
            assertThat(table.place(i)).isNotZero();
            steps++;
        }
        return steps;
    }

    private void has(Set<Long> expected) {
        Set<Long> seen = new HashSet<>();
        table.forEach(seen::add);
        assertThat(seen).isEqualTo(expected);
        assertThat(table.size()).isEqualTo(expected.size());
        expected.forEach(this::walk);
        List<Long> scanned = new ArrayList<>();
        for (long from = 0; from < KeyTable.END; ) {
            from = table.scan(from, scanned::add);
        }
        assertThat(scanned).hasSameSizeAs(expected).containsAll(expected);
    }

    private static List<Long> ordered(List<Long> keys, boolean ascending) {
        Comparator<Long> order = Long::compareUnsigned;
        return keys.stream().sorted(ascending ? order : order.reversed()).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keysThatComeInTheOrderOfTheirHashesAreNearTheirHomes(boolean ascending) {
        List<Long> keys = keys(KEYS);
        long steps = 0;
        for (long place : ordered(keys, ascending)) {
            add(place);
            steps += walk(place);
        }
        assertThat(steps / KEYS).isLessThan(NEAR);
        assertThat(table.capacity()).isLessThan(KEYS * 3 / 2);
        has(new HashSet<>(keys));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keysThatGoInTheOrderOfTheirHashesLeaveOthersNearTheirHomes(boolean ascending) {
        List<Long> keys = keys(KEYS);
        keys.forEach(this::add);
        List<Long> going = ordered(keys, ascending);
        long steps = 0;
        for (int i = 0; i < KEYS; i++) {
            steps += walk(going.get(KEYS - 1));
            if (i == KEYS * 9 / 10) {
                has(new HashSet<>(going.subList(i, KEYS)));
            }
            remove(going.get(i));
        }
        assertThat(steps / KEYS).isLessThan(NEAR);
        assertThat(table.size()).isZero();
        assertThat(table.capacity()).isLessThan(64);
    }

    @Test
    void whatKeysLeftCrowdedShrinksWhenOthersCome() {
        List<Long> keys = ordered(keys(KEYS), true);
        keys.forEach(this::add);
        keys.subList(0, KEYS * 3 / 4).forEach(this::remove);
        ArrayDeque<Long> there = new ArrayDeque<>(keys.subList(KEYS * 3 / 4, KEYS));
        for (long place : keys(KEYS)) {
            add(place + KEYS);
            there.add(place + KEYS);
            remove(there.remove());
        }
        assertThat(table.size()).isEqualTo(KEYS / 4);
        assertThat(table.capacity()).isLessThan(KEYS / 2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverComesAndGoesIsThereOrNot(long seed) {
        SplittableRandom mine = new SplittableRandom(seed);
        List<Long> there = new ArrayList<>();
        int handle = 1;
        for (int phase = 0; phase < 30; phase++) {
            int count = mine.nextInt(400);
            // All hashes, or those of one part, also the last one, whose runs go on at the begin.
            int bits = mine.nextInt(3) * 6;
            int part = mine.nextBoolean() ? -1 : mine.nextInt();
            for (int i = 0; i < count; i++) {
                int hash = bits == 0 ? mine.nextInt() : part ^ mine.nextInt() >>> bits;
                long place = (long) hash << 32 | handle++;
                add(place);
                there.add(place);
            }
            boolean inOrder = mine.nextBoolean();
            if (inOrder) {
                there.sort(Long::compareUnsigned);
            }
            for (int left = mine.nextInt(there.size() + 1); left > 0; left--) {
                remove(there.remove(inOrder ? 0 : mine.nextInt(there.size())));
            }
            has(new HashSet<>(there));
        }
    }
}
