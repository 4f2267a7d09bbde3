package io.plinth.kvcache.keyspace;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.write.Strings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GrowingStringsTest {
    private static final int TIMES = 200_000;
    private static final byte[] PART = "0123456789".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);

    private final KeyspaceFixture fixture = new KeyspaceFixture(0, Eviction.ALL_KEYS);

    /** Appends so often; answers what the key took on the way. */
    private Set<Long> append(String name, int times) {
        KeyRef key = fixture.key(name);
        Segment segment = fixture.keyspace.segment(key.slot());
        Set<Long> taken = new HashSet<>();
        segment.lock();
        try {
            Entry entry = Objects.requireNonNull(segment.find(key, fixture.now));
            for (int i = 0; i < times; i++) {
                Strings.put(fixture.keyspace, segment, entry, entry.length(), PART);
                taken.add(entry.bytes());
            }
        } finally {
            segment.unlock();
        }
        return taken;
    }

    private void visit() {
        fixture.keyspace.visits(0, 1, fixture.now);
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            fixture.keyspace.expire(i, fixture.now);
        }
    }

    private long taken() {
        fixture.verify();
        return fixture.keyspace.segment(fixture.key("k").slot()).bytes();
    }

    @Test
    void aStringThatGrowsAllTheTimeIsCopiedSeldomAndGivesItsRoomBack() {
        fixture.put("k", 10);
        fixture.put("once", 10 * (TIMES + 1));
        assertThat(append("k", TIMES)).as("places it was copied to").hasSizeLessThan(200);
        assertThat(taken()).isBetween(10L * TIMES, 20L * TIMES + (2 << 20));

        visit();
        long grown = taken();
        fixture.now += 10_000;
        visit();
        assertThat(taken()).as("without room").isLessThan(Math.min(grown, 10L * TIMES + 3_000 + (1 << 14)));
        assertThat(Objects.requireNonNull(fixture.read("k")).length()).isEqualTo(10 * (TIMES + 1));

        append("k", 1);
        assertThat(taken()).isGreaterThan(grown / 2);
        fixture.delete("k");
        assertThat(taken()).isZero();
        fixture.now += 10_000;
        visit();
    }

    @Test
    void whereMemoryIsShortItGetsLittleRoom() {
        fixture.put("k", 100_000);
        fixture.keyspace.memoryLimit(1);
        append("k", 1);
        assertThat(taken()).isLessThan(113_000);
        assertThat(append("k", TIMES)).hasSizeLessThan(200);
    }

    @Test
    void theStreamOfChangesHasThePartAlone() {
        List<Change> changes = new ArrayList<>();
        fixture.put("k", 5_000);
        fixture.keyspace.listen(changes::add);
        append("k", 2);
        assertThat(changes).extracting(Change::kind).containsExactly(Change.Kind.PART, Change.Kind.PART);
        assertThat(changes).allSatisfy(change -> assertThat(change.value()).isEqualTo(PART));
        assertThat(changes.getLast().field())
                .isEqualTo(java.nio.ByteBuffer.allocate(16)
                        .putLong(5_010)
                        .putLong(5_010)
                        .array());
    }
}
