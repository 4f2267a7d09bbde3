package io.plinth.kvcache.persist.snapshot;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No slice of a large collection is long, whatever is changed between two of them. */
class PartsTest {
    private static final int LONGEST = 24 << 10;

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final KeyRef key = new KeyRef().set(node.keyspace.hasher(), 0, "key".getBytes(ISO_8859_1), 0, 3);
    private final int index = key.slot() & Keyspace.SEGMENTS - 1;
    private final Segment segment = node.keyspace.segment(key.slot());
    private final SegmentEncoder encoder = new SegmentEncoder(node.keyspace);
    private final Slices slices = new Slices();

    /** What the parts came to by now; null before the first. */
    private @Nullable Value read;

    private int parts;
    private int begun;
    private boolean whole;
    private long sequence;

    private boolean slice() throws Exception {
        boolean over;
        segment.lock();
        try {
            over = encoder.slice(index, 16, slices);
        } finally {
            segment.unlock();
        }
        slices.forEach((head, bytes, offset) -> {
            assertThat(head.length()).isLessThan(LONGEST);
            if (head.type() == Block.PART) {
                parts++;
                try {
                    Part part = Part.read(
                            ByteBuffer.wrap(bytes, offset, head.length()).slice());
                    begun += part.number == 0 ? 1 : 0;
                    read = part.into(part.number == 0 ? null : read, node.keyspace);
                    whole |= part.last;
                    sequence = head.sequence();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        slices.clear();
        return over;
    }

    private static List<String> elements(ListValue list) {
        List<String> elements = new ArrayList<>();
        list.range(0, list.size(), element -> elements.add(new String(element, ISO_8859_1)));
        return elements;
    }

    private Entry entry() {
        segment.lock();
        try {
            return Objects.requireNonNull(segment.peek(key, 0));
        } finally {
            segment.unlock();
        }
    }

    private void change(SplittableRandom random) {
        int size = 10_000;
        int at = random.nextInt(size) - size / 4;
        String word = "w" + random.nextInt(1_000);
        switch (random.nextInt(10)) {
            case 0, 1 -> client.run("LPUSH key " + word + " " + word + "x");
            case 2 -> client.run("RPUSH key " + word);
            case 3 -> client.run("LPOP key 3");
            case 4 -> client.run("RPOP key");
            case 5 -> client.run("LSET key " + at + " set" + word);
            case 6 -> client.run("LINSERT key BEFORE e" + Math.max(0, at) + " in" + word);
            case 7 -> client.run("LREM key 1 e" + Math.max(0, at));
            case 8 -> client.run("LTRIM key 1 -2");
            default -> client.run("PEXPIREAT key 99999999999999");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void ofAListComeToWhatItIsWhenTheLastIsWritten(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 10_000; i++) {
            client.run("RPUSH key e" + i);
        }
        while (!slice() || !whole) {
            for (int i = random.nextInt(20); i > 0; i--) {
                change(random);
            }
        }
        assertThat(parts).isGreaterThan(50);
        assertThat(begun).as("seed %d", seed).isEqualTo(1);
        segment.lock();
        try {
            assertThat(sequence).isEqualTo(node.keyspace.sequence(index));
            assertThat(elements((ListValue) Objects.requireNonNull(read))).isEqualTo(elements(entry().list()));
            assertThat(segment.heard()).isFalse();
        } finally {
            segment.unlock();
        }
    }

    @Test
    void ofAListThatWentAndCameAgainAreThoseOfTheNewOne() throws Exception {
        for (int i = 0; i < 3_000; i++) {
            client.run("RPUSH key e" + i);
        }
        while (parts < 5) {
            slice();
        }
        client.run("DEL key");
        for (int i = 0; i < 2_000; i++) {
            client.run("RPUSH key new" + i);
        }
        while (!slice() || !whole) {
            client.run("LPUSH key more");
        }
        assertThat(begun).isEqualTo(2);
        segment.lock();
        try {
            assertThat(elements((ListValue) Objects.requireNonNull(read))).isEqualTo(elements(entry().list()));
        } finally {
            segment.unlock();
        }
    }

    @Test
    void whatIsAbandonedHearsNothingMore() throws Exception {
        for (int i = 0; i < 3_000; i++) {
            client.run("RPUSH key e" + i);
        }
        while (parts < 5) {
            slice();
        }
        encoder.abandon();
        segment.lock();
        try {
            assertThat(segment.heard()).isFalse();
        } finally {
            segment.unlock();
        }
    }

    @Test
    void ofAStreamAreShort() throws Exception {
        for (int i = 1; i <= 5_000; i++) {
            client.run("XADD key " + i + "-1 number " + i);
        }
        client.run("XGROUP CREATE key group 0");
        for (int i = 0; i < 30; i++) {
            client.run("XREADGROUP GROUP group consumer" + i % 3 + " COUNT 100 STREAMS key >");
        }
        while (!slice() || !whole) {
            client.run("XADD key * number more");
        }
        assertThat(parts).isGreaterThan(50);
        StreamValue stream = (StreamValue) Objects.requireNonNull(read);
        assertThat(stream.size()).isGreaterThan(5_000);
        assertThat(Objects.requireNonNull(stream.group("group")).pending()).isEqualTo(3_000);
    }

    @Test
    void ofAStreamWithManyGroupsAndConsumersAreShort() throws Exception {
        client.run("XADD key 1-1 number 1");
        for (int i = 0; i < 4_000; i++) {
            client.run("XGROUP CREATE key group" + i + " 0");
            client.run("XGROUP CREATECONSUMER key group0 consumer" + i);
            if (i % 4 == 0) {
                client.run("XREADGROUP GROUP group" + i + " consumer STREAMS key >");
            }
        }
        while (!slice() || !whole) {
            // Of those that are to be written a few go, and one comes.
            client.run("XGROUP DESTROY key group" + (3_999 - parts));
            client.run("XGROUP CREATE key z" + parts + " 0");
        }
        assertThat(begun).isEqualTo(1);
        StreamValue stream = (StreamValue) Objects.requireNonNull(read);
        assertThat(Objects.requireNonNull(stream.group("group0")).consumers()).hasSize(4_001);
        StreamValue wanted = entry().stream();
        for (StreamGroup group : wanted.groups()) {
            StreamGroup written = stream.group(group.name());
            if (written != null) {
                assertThat(written.pending()).isEqualTo(group.pending());
            } else {
                assertThat(group.name()).startsWith("z");
            }
        }
        assertThat(stream.groups().size()).isGreaterThan(3_800);
    }
}
