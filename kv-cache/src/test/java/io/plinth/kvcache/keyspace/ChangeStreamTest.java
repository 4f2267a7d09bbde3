package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChangeStreamTest {
    private final KeyspaceFixture fixture = new KeyspaceFixture(0, Eviction.ALL_KEYS);
    private final List<Change> changes = new ArrayList<>();

    private List<Change.Kind> kinds() {
        return changes.stream().map(Change::kind).toList();
    }

    @Test
    void carriesEffectsWithAbsoluteExpirySlotEpochAndAGaplessSequence() {
        fixture.keyspace.epoch(7);
        fixture.keyspace.listen(changes::add);
        fixture.put("{s}a", 3, fixture.now + 500);
        fixture.put("{s}a", 4);
        fixture.delete("{s}a");
        fixture.put("{s}b", 1, fixture.now + 10);
        fixture.now += 11;
        fixture.read("{s}b");

        assertThat(kinds())
                .containsExactly(
                        Change.Kind.STRING,
                        Change.Kind.STRING,
                        Change.Kind.DELETED,
                        Change.Kind.STRING,
                        Change.Kind.EXPIRED);
        assertThat(changes).extracting(Change::sequence).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(changes).extracting(Change::epoch).containsOnly(7L);
        assertThat(changes)
                .extracting(Change::slot)
                .containsOnly(fixture.key("{s}a").slot());
        assertThat(changes.getFirst().expireAt()).isEqualTo(1_000_500);
        assertThat(new String(changes.getFirst().key(), ISO_8859_1)).isEqualTo("{s}a");
    }

    @Test
    void tellsEvictionAndFlushFromDeletion() {
        fixture.keyspace.listen(changes::add);
        fixture.put("a", 100);
        fixture.keyspace.memoryLimit(1);
        fixture.keyspace.makeRoom(0);
        fixture.keyspace.memoryLimit(0);
        fixture.put("b", 100);
        fixture.keyspace.each(segment -> segment.flush(0));

        assertThat(kinds())
                .containsExactly(Change.Kind.STRING, Change.Kind.EVICTED, Change.Kind.STRING, Change.Kind.FLUSHED);
    }

    @Test
    void invalidatesWatchersOfTheChangedKeyOnly() {
        fixture.put("a", 1);
        Watcher watcher = new Watcher();
        watcher.watch(fixture.keyspace, 0, fixture.key("a"), fixture.now);
        fixture.put("b", 1);
        assertThat(watcher.invalid()).isFalse();

        fixture.put("a", 1);
        assertThat(watcher.invalid()).isTrue();

        watcher.clear();
        fixture.put("a", 1);
        assertThat(watcher.invalid()).isFalse();
    }

    @Test
    void aFlushInvalidatesWatchersOfKeysThatWereThere() {
        fixture.put("{x}there", 1);
        Watcher present = new Watcher();
        Watcher absent = new Watcher();
        present.watch(fixture.keyspace, 0, fixture.key("{x}there"), fixture.now);
        absent.watch(fixture.keyspace, 0, fixture.key("{x}absent"), fixture.now);

        fixture.keyspace.each(segment -> segment.flush(0));

        assertThat(present.invalid()).isTrue();
        assertThat(absent.invalid()).isFalse();
    }
}
