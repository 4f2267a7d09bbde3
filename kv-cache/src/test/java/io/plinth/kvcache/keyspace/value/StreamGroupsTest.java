package io.plinth.kvcache.keyspace.value;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Pending;
import io.plinth.kvcache.keyspace.stream.StreamId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What groups have pending, between the heap and native memory, which has no room now and then, beside a map. */
class StreamGroupsTest {
    private static final int GROUPS = 3;

    private final NativeBlocks blocks = new NativeBlocks();
    private final List<TreeMap<StreamId, String>> models = new ArrayList<>();
    private StreamValue stream = new StreamValue();
    private long bare;

    @AfterEach
    void close() {
        blocks.close();
    }

    private StreamGroup group(int number) {
        return Objects.requireNonNull(stream.group("g" + number));
    }

    private static Consumer consumer(StreamGroup group, String name) {
        Consumer known = group.consumer(name);
        return known == null ? group.add(name, 1, 2) : known;
    }

    private static String told(Pending pending) {
        return pending.owner().name() + " " + pending.delivered() + " " + pending.times();
    }

    private static StreamId id(SplittableRandom random, int ids) {
        return new StreamId(random.nextInt(ids), random.nextInt(3) - 1);
    }

    private void check(int number) {
        StreamGroup group = group(number);
        TreeMap<StreamId, String> model = models.get(number);
        TreeMap<StreamId, String> seen = new TreeMap<>();
        group.pending(StreamId.MIN, StreamId.MAX, each -> {
            assertThat(seen.isEmpty() || seen.lastKey().compareTo(each.id()) < 0)
                    .isTrue();
            seen.put(each.id(), told(each));
            return true;
        });
        assertThat(seen).isEqualTo(model);
        assertThat(group.pending()).isEqualTo(model.size());
        assertThat(group.firstPending()).isEqualTo(model.isEmpty() ? StreamId.MIN : model.firstKey());
        assertThat(group.lastPending()).isEqualTo(model.isEmpty() ? StreamId.MIN : model.lastKey());
        for (Consumer consumer : group.consumers()) {
            List<StreamId> own = model.entrySet().stream()
                    .filter(each -> each.getValue().startsWith(consumer.name() + " "))
                    .map(each -> each.getKey())
                    .toList();
            assertThat(consumer.pending(StreamId.MIN, Long.MAX_VALUE)).isEqualTo(own);
            assertThat(consumer.pending()).isEqualTo(own.size());
        }
    }

    private void change(SplittableRandom random, int number, int ids, StreamId next) {
        StreamGroup group = group(number);
        TreeMap<StreamId, String> model = models.get(number);
        String name = "c" + random.nextInt(5);
        switch (random.nextInt(100)) {
            case 0 -> {
                Consumer known = group.consumer(name);
                if (known != null && random.nextInt(10) == 0) {
                    long had = model.values().stream()
                            .filter(each -> each.startsWith(name + " "))
                            .count();
                    assertThat(group.remove(known)).isEqualTo(had);
                    model.values().removeIf(each -> each.startsWith(name + " "));
                }
            }
            case 1 -> {
                if (random.nextInt(40) == 0) {
                    stream.removeGroup("g" + number);
                    stream.addGroup("g" + number, next, 0);
                    model.clear();
                }
            }
            default -> {
                StreamId id = random.nextBoolean() ? next : id(random, ids);
                if (random.nextInt(100) < (model.size() < ids / 2 ? 70 : 40)) {
                    long millis = random.nextLong();
                    long times = random.nextInt(50);
                    group.deliver(id, consumer(group, name), millis, times);
                    model.put(id, name + " " + millis + " " + times);
                } else {
                    StreamId some = random.nextInt(4) == 0 || model.isEmpty() ? id : model.firstKey();
                    assertThat(group.acknowledge(some)).isEqualTo(model.remove(some) != null);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 60", "2, 2000", "3, 20000"})
    void areTheSameWhereverTheyAre(int seed, int ids) {
        SplittableRandom random = new SplittableRandom(seed);
        bare = stream.bytes();
        for (int i = 0; i < GROUPS; i++) {
            stream.addGroup("g" + i, StreamId.MIN, 0);
            models.add(new TreeMap<>());
        }
        for (int i = 0; i < 60_000; i++) {
            switch (random.nextInt(2_000)) {
                case 0 -> stream.leave();
                case 1 -> {
                    stream.moving();
                    stream.leave();
                    stream.release();
                }
                case 2, 3, 4, 5 -> stream.compact();
                case 6 -> {
                    StreamValue copy = (StreamValue) stream.copy();
                    stream.release();
                    assertThat(blocks.bytes()).isZero();
                    assertThat(stream.bytes()).isEqualTo(bare);
                    stream = copy;
                }
                default -> {
                    // Where it is.
                }
            }
            stream.settle(blocks);
            blocks.left = random.nextInt(4) == 0 ? random.nextInt(3) : Long.MAX_VALUE;
            change(random, random.nextInt(GROUPS), ids, new StreamId(i, 0));
            blocks.left = Long.MAX_VALUE;
            if (i % 500 == 0) {
                check(random.nextInt(GROUPS));
            }
        }
        stream.settle(blocks);
        for (int i = 0; i < GROUPS; i++) {
            check(i);
        }
        assertThat(blocks.bytes()).isPositive().isLessThanOrEqualTo(stream.bytes());
        for (int i = 0; i < GROUPS; i++) {
            stream.removeGroup("g" + i);
        }
        assertThat(blocks.bytes()).as("seed %d", seed).isZero();
        assertThat(stream.bytes()).isEqualTo(bare);
    }

    @Test
    void takeFiftyBytesForWhatIsPending() {
        StreamGroup group = stream.addGroup("group", StreamId.MIN, 0);
        stream.settle(blocks);
        int count = 300_000;
        for (int i = 0; i < count; i++) {
            group.deliver(new StreamId(1_700_000_000_000L + i, 0), consumer(group, "consumer" + i % 3), i, 1);
        }
        assertThat(stream.bytes() / (double) count).isLessThan(50);
        for (int i = 0; i < count; i++) {
            group.acknowledge(new StreamId(1_700_000_000_000L + i, 0));
        }
        assertThat(stream.bytes()).isLessThan(2_000);
        stream.release();
        assertThat(blocks.bytes()).isZero();
    }
}
