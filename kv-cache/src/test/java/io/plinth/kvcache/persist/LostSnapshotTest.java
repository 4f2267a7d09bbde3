package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LostSnapshotTest {
    @TempDir
    Path folder;

    private void lives() throws Exception {
        try (PersistFixture node = new PersistFixture(folder, "always", false)) {
            node.run(
                    "HSET old a 1 b 2",
                    "RPUSH queue 1 2 3",
                    "SET n 5",
                    "HSET gone a 1",
                    "SELECT 1",
                    "HSET flushed a 1");
            assertThat(node.persistence.save()).succeedsWithin(30, TimeUnit.SECONDS);
            node.run("HSET flushed b 1", "SET flushed-string 1", "FLUSHDB", "HSET flushed c 3", "SELECT 0");
            node.run(
                    "HSET old c 3",
                    "RPUSH queue 4",
                    "INCR n",
                    "HSET new a 1",
                    "DEL new",
                    "HSET new b 2",
                    "HSET new c 3");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ofCollectionsTheJournalBringsBackOnlyWhatItSaysAllOf(boolean deleted) throws Exception {
        lives();
        List<Path> snapshots;
        try (Stream<Path> entries = Files.list(folder.resolve("snapshots"))) {
            snapshots = entries.toList();
        }
        assertThat(snapshots).hasSize(1);
        if (deleted) {
            Files.delete(snapshots.getFirst());
        } else {
            Files.write(snapshots.getFirst(), new byte[100]);
        }
        try (PersistFixture node = new PersistFixture(folder, "always", false)) {
            assertThat(node.recovery.damages()).isNotEmpty();
            assertThat(node.client.run("EXISTS old queue")).isEqualTo(":0|");
            assertThat(node.client.run("GET n")).isEqualTo("$1|6|");
            assertThat(node.client.run("HLEN new")).isEqualTo(":2|");
            node.run("SELECT 1");
            assertThat(node.client.run("HGETALL flushed")).isEqualTo("*2|$1|c|$1|3|");
            assertThat(node.client.run("EXISTS flushed-string")).isEqualTo(":0|");
        }
    }

    /** As a snapshot leaves it that took the place of a journal the disk had failed. */
    @Test
    void aSegmentThatWasBegunAnewIsReadWithoutItsSnapshot() throws Exception {
        lives();
        Path journal = folder.resolve("journal");
        try (Stream<Path> entries = Files.list(journal)) {
            Path first = entries.sorted().findFirst().orElseThrow();
            Files.move(first, journal.resolve(first.getFileName() + "-anew"));
        }
        try (Stream<Path> entries = Files.list(folder.resolve("snapshots"))) {
            Files.write(entries.findFirst().orElseThrow(), new byte[100]);
        }
        try (PersistFixture node = new PersistFixture(folder, "always", false)) {
            assertThat(node.recovery.damages()).isNotEmpty();
            assertThat(node.client.run("EXISTS old queue")).isEqualTo(":0|");
            assertThat(node.client.run("GET n")).isEqualTo("$1|6|");
        }
    }

    @Test
    void aLibraryThatDoesNotLoadIsKept() throws Exception {
        try (PersistFixture node = new PersistFixture(folder, "always", false)) {
            node.functions.add(new byte[0]);
            node.persistence.libraries(node.functions);
        }
        try (PersistFixture node = new PersistFixture(folder, "always", false)) {
            assertThat(node.functions).hasSize(1);
        }
    }
}
