package io.plinth.geodns.change;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
        return Changes.open(folder.resolve("changes.jsonl"), CLOCK);
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
