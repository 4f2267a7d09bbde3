package io.plinth.geodns.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.load.Overlay;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangesTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

    @TempDir
    Path folder;

    private final List<String> used = new ArrayList<>();
    private final Changes.Target target =
            (overlay, overrides) -> () -> used.add(overlay.latency().toString());

    private Changes open() throws IOException {
        return open(100, 1 << 20);
    }

    private Changes open(int versions, long octets) throws IOException {
        return Changes.open(folder.resolve("changes.jsonl"), new Changes.Limits(versions, octets), CLOCK);
    }

    @Test
    void theLastVersionsAreKeptInMemoryAndOnDisk() throws Exception {
        Changes changes = open(5, 1 << 20);
        changes.apply("latency/first", "192.0.2.0/24 eu=1", false, target);
        for (int i = 1; i <= 40; i++) {
            changes.apply("latency/edge", "192.0.2.0/24 eu=" + i, false, target);
        }
        for (Changes each : List.of(changes, open(5, 1 << 20))) {
            assertThat(each.version()).isEqualTo(41);
            assertThat(each.versions()).extracting(Change::version).containsExactly(37L, 38L, 39L, 40L, 41L);
            assertThat(each.versions().getLast().before()).isEqualTo("192.0.2.0/24 eu=39");
            assertThat(each.current())
                    .containsEntry("latency/first", "192.0.2.0/24 eu=1")
                    .containsEntry("latency/edge", "192.0.2.0/24 eu=40");
        }
        assertThat(Files.readAllLines(folder.resolve("changes.jsonl"))).hasSizeLessThan(15);
        assertThatThrownBy(() -> changes.rollback(35, false, target))
                .hasMessage("version: 35 (expected: 36 to 41, or 0 for the file alone)");
        changes.rollback(36, false, target);
        assertThat(changes.current())
                .containsEntry("latency/first", "192.0.2.0/24 eu=1")
                .containsEntry("latency/edge", "192.0.2.0/24 eu=35");
        changes.rollback(0, false, target);
        assertThat(open(5, 1 << 20).current()).isEmpty();
    }

    @Test
    void largeTextsAreKeptInFewerVersions() throws Exception {
        Changes changes = open(100, 1000);
        for (int i = 0; i < 10; i++) {
            changes.apply("latency/edge", "#".repeat(400) + i, false, target);
        }
        assertThat(changes.versions()).hasSize(2);
        assertThat(Files.size(folder.resolve("changes.jsonl"))).isLessThan(4000);
        assertThat(open(100, 1000).current()).containsEntry("latency/edge", "#".repeat(400) + 9);
    }

    @Test
    void theDiffIsOfWhatIsServed() throws Exception {
        Changes.Target served = new Changes.Target() {
            @Override
            public Changes.Next load(Overlay overlay, Map<String, TargetHealth.Statement> overrides) {
                return new Changes.Next() {
                    @Override
                    public void use() {
                        used.add("used");
                    }

                    @Override
                    public String served(String key) {
                        return "a\nc";
                    }
                };
            }

            @Override
            public String served(String key) {
                return "a\nb\n";
            }
        };
        assertThat(open().apply("zones/shop.example.", "whatever", true, served))
                .containsExactly("- b", "+ c");
    }

    @Test
    void whatIsLoadedAndWrittenIsUsed() throws Exception {
        Changes changes = open();
        assertThat(changes.apply("latency/edge", "192.0.2.0/24 eu=1", false, target))
                .containsExactly("+ 192.0.2.0/24 eu=1");
        assertThat(used).containsExactly("{edge=192.0.2.0/24 eu=1}");
        assertThat(open().current()).isEqualTo(changes.current());
    }

    @Test
    void whatCannotBeLoadedOrIsOnlyTriedIsNeitherWrittenNorUsed() throws Exception {
        Changes changes = open();
        assertThatThrownBy(() -> changes.apply("latency/edge", "bad", false, (overlay, overrides) -> {
                    throw new ConfigException(List.of(new Problem("latency", 1, 1, "bad")));
                }))
                .isInstanceOf(ConfigException.class);
        changes.apply("latency/edge", "192.0.2.0/24 eu=1", true, target);
        assertThat(used).isEmpty();
        assertThat(open().versions()).isEmpty();
    }

    @Test
    void whatTheDiskDoesNotTakeIsNotUsed() throws Exception {
        Files.createSymbolicLink(folder.resolve("full"), Path.of("/dev/full"));
        Files.createFile(folder.resolve("changes.jsonl"));
        Changes changes = open();
        Files.delete(folder.resolve("changes.jsonl"));
        Files.move(folder.resolve("full"), folder.resolve("changes.jsonl"));
        assertThatThrownBy(() -> changes.apply("latency/edge", "192.0.2.0/24 eu=1", false, target))
                .isInstanceOf(IOException.class);
        assertThat(used).isEmpty();
        assertThat(changes.current()).isEmpty();
        assertThat(changes.versions()).isEmpty();
    }

    @Test
    void aLineThatACrashCutOffNeverHeldAndTheNextChangeStandsByItself() throws Exception {
        open().apply("latency/edge", "192.0.2.0/24 eu=1", false, target);
        Files.writeString(folder.resolve("changes.jsonl"), "{\"version\":2,\"mil", StandardOpenOption.APPEND);
        Changes changes = open();
        assertThat(changes.versions()).hasSize(1);
        changes.apply("latency/edge", "192.0.2.0/24 eu=2", false, target);
        assertThat(open().current()).containsEntry("latency/edge", "192.0.2.0/24 eu=2");
    }

    @Test
    void aRollbackOfSeveralThingsIsUsedOnceAndIsAChangeItself() throws Exception {
        Changes changes = open();
        changes.apply("latency/edge", "192.0.2.0/24 eu=1", false, target);
        changes.apply("latency/other", "192.0.2.0/24 eu=1", false, target);
        changes.apply("latency/edge", "192.0.2.0/24 eu=2", false, target);
        used.clear();
        changes.rollback(0, false, target);
        assertThat(used).containsExactly("{}");
        assertThat(changes.versions()).hasSize(5);
        assertThat(open().current()).isEmpty();
        changes.rollback(3, false, target);
        assertThat(open().current())
                .containsEntry("latency/edge", "192.0.2.0/24 eu=2")
                .containsEntry("latency/other", "192.0.2.0/24 eu=1");
    }
}
