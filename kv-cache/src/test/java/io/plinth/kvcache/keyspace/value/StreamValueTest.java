package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A stream whose entries go between the heap and native memory, which has no room now and then, beside a map. */
class StreamValueTest {
    private final NativeBlocks blocks = new NativeBlocks();
    private final TreeMap<StreamId, List<String>> model = new TreeMap<>();
    private StreamValue stream = new StreamValue();

    @AfterEach
    void close() {
        blocks.close();
    }

    private static List<byte[]> bytes(List<String> texts) {
        return texts.stream().map(text -> text.getBytes(ISO_8859_1)).toList();
    }

    private static List<String> texts(List<byte[]> fields) {
        return fields.stream().map(field -> new String(field, ISO_8859_1)).toList();
    }

    private static String word(SplittableRandom random, int longest) {
        int kind = random.nextInt(200);
        int length = kind == 0 ? random.nextInt(longest) : kind < 8 ? random.nextInt(300) : random.nextInt(20);
        return random.nextInt(3) == 0
                ? Long.toString(random.nextLong() >> random.nextInt(64))
                : Character.toString('a' + random.nextInt(26)).repeat(length);
    }

    private static List<String> fields(SplittableRandom random, int longest) {
        List<String> fields = new ArrayList<>();
        int pairs = random.nextInt(5) == 0 ? 1 + random.nextInt(4) : 2;
        for (int i = 0; i < pairs; i++) {
            fields.add(random.nextInt(30) == 0 ? word(random, 40) : "field" + i);
            fields.add(word(random, longest));
        }
        return fields;
    }

    private StreamId some(SplittableRandom random) {
        if (model.isEmpty() || random.nextInt(10) == 0) {
            return new StreamId(random.nextLong(200_000), random.nextLong(3));
        }
        StreamId last = model.lastKey();
        StreamId near = new StreamId(random.nextLong(last.millis() + 1), random.nextLong(5));
        StreamId found = model.ceilingKey(near);
        return found == null ? last : found;
    }

    private List<StreamId> seen(StreamId from, StreamId to, boolean down, int most) {
        List<StreamId> seen = new ArrayList<>();
        stream.range(from, to, down, (id, fields) -> {
            assertThat(texts(fields)).isEqualTo(model.get(id));
            seen.add(id);
            return seen.size() < most;
        });
        return seen;
    }

    private void look(SplittableRandom random) {
        StreamId one = some(random);
        StreamId other = some(random);
        boolean swap = one.compareTo(other) > 0;
        StreamId from = swap ? other : one;
        StreamId to = swap ? one : other;
        int most = 1 + random.nextInt(40);
        NavigableMap<StreamId, List<String>> wanted = model.subMap(from, true, to, true);
        assertThat(seen(from, to, false, most))
                .isEqualTo(wanted.keySet().stream().limit(most).toList());
        assertThat(seen(from, to, true, most))
                .isEqualTo(wanted.descendingKeySet().stream().limit(most).toList());
        List<byte[]> got = stream.get(one);
        assertThat(got == null ? null : texts(got)).isEqualTo(model.get(one));
        assertThat(stream.first()).isEqualTo(model.isEmpty() ? StreamId.MIN : model.firstKey());
        assertThat(stream.top()).isEqualTo(model.isEmpty() ? StreamId.MIN : model.lastKey());
    }

    private void change(SplittableRandom random, int target, int longest) {
        int act = random.nextInt(model.size() > target ? 12 : 9);
        if (act < 7) {
            StreamId last = stream.last();
            StreamId id = random.nextInt(3) == 0
                    ? new StreamId(last.millis(), last.sequence() + 1 + random.nextInt(3))
                    : new StreamId(
                            last.millis() + 1 + random.nextInt(random.nextInt(50) == 0 ? 100_000 : 30),
                            random.nextInt(3));
            List<String> fields = fields(random, longest);
            stream.append(id, bytes(fields), Packing.DEFAULT);
            model.put(id, fields);
        } else if (act < 10) {
            StreamId id = some(random);
            assertThat(stream.remove(id)).isEqualTo(model.remove(id) != null);
        } else if (act == 10) {
            long keep = random.nextLong(model.size() + 1);
            boolean whole = random.nextBoolean();
            long removed = stream.trimToLength(keep, whole, 0);
            assertThat(whole ? Math.max(removed, model.size() - keep) : removed).isEqualTo(model.size() - keep);
            forget(removed);
        } else {
            StreamId id = some(random);
            boolean whole = random.nextBoolean();
            long removed = stream.trimToId(id, whole, 0);
            int smaller = model.headMap(id, false).size();
            assertThat(removed).isLessThanOrEqualTo(smaller).isGreaterThanOrEqualTo(whole ? 0 : smaller);
            forget(removed);
        }
    }

    private void forget(long count) {
        for (long i = 0; i < count; i++) {
            model.pollFirstEntry();
        }
    }

    private void elsewhere(SplittableRandom random) {
        switch (random.nextInt(200)) {
            case 0 -> stream.leave();
            case 1 -> {
                stream.moving();
                stream.leave();
                stream.release();
            }
            case 2, 3 -> stream.compact();
            case 4 -> {
                StreamValue copy = (StreamValue) stream.copy();
                assertThat(copy.nodes()).isEqualTo(stream.nodes());
                stream.release();
                assertThat(blocks.bytes()).isZero();
                stream = copy;
            }
            default -> {
                // Where it is.
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 40, 300", "2, 3000, 300", "3, 1000, 20000", "4, 10, 90000", "5, 5000, 3000"})
    void isTheSameWhereverItsEntriesAre(int seed, int target, int longest) {
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            elsewhere(random);
            stream.settle(blocks);
            blocks.left = random.nextInt(3) == 0 ? random.nextInt(2) : Long.MAX_VALUE;
            long before = stream.bytes();
            int nodes = stream.nodes();
            try {
                change(random, target, longest);
            } catch (NoRoomException e) {
                assertThat(stream.bytes()).isEqualTo(before);
                assertThat(stream.nodes()).isEqualTo(nodes);
                refused++;
            }
            blocks.left = Long.MAX_VALUE;
            assertThat(stream.size()).isEqualTo(model.size());
            if (i % 8 == 0) {
                look(random);
            }
        }
        assertThat(seen(StreamId.MIN, StreamId.MAX, false, Integer.MAX_VALUE)).isEqualTo(List.copyOf(model.keySet()));
        assertThat(refused).as("seed %d", seed).isPositive();
        stream.settle(blocks);
        assertThat(blocks.bytes()).isPositive().isLessThanOrEqualTo(stream.bytes());
        stream.leave();
        assertThat(blocks.bytes()).isZero();
        assertThat(seen(StreamId.MIN, StreamId.MAX, true, Integer.MAX_VALUE))
                .isEqualTo(List.copyOf(model.descendingKeySet()));
        stream.settle(blocks);
        stream.release();
        assertThat(blocks.bytes()).as("seed %d", seed).isZero();
    }

    @Test
    void takesLittleMoreThanItsEntries() {
        int count = 200_000;
        for (int i = 0; i < count; i++) {
            List<String> fields =
                    List.of("sensor", "%06d".formatted(i % 1000 + 100_000), "text", "value-%06d".formatted(i));
            stream.append(new StreamId(1_700_000_000_000L + 7L * i, 0), bytes(fields), Packing.DEFAULT);
            stream.settle(blocks);
        }
        // Flags, id and counts are eight to ten of them, the values 5 and 14.
        assertThat(stream.bytes() / (double) count).isLessThan(32);
        assertThat(stream.trimToLength(100, false, 0)).isEqualTo(count - 100);
        assertThat(stream.bytes()).isLessThan(16_000);
        stream.release();
        assertThat(blocks.bytes()).isZero();
    }
}
