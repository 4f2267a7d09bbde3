package io.plinth.deploy.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    private Path state = Path.of("");

    @Test
    void aRecordComesBackAsItWasWritten() throws IOException {
        RunFolder folder = new RunFolder(state);
        RunRecord record = record("kv-1", 2);
        folder.write(record);
        assertThat(folder.record("kv-1")).contains(record);
        assertThat(folder.record("kv-2")).isEmpty();
    }

    @Test
    void recordsAreInTheOrderOfStarting() throws IOException {
        RunFolder folder = new RunFolder(state);
        folder.write(record("web-1", 3));
        folder.write(record("kv-2", 2));
        folder.write(record("kv-1", 2));
        assertThat(folder.records()).extracting(RunRecord::name).containsExactly("kv-1", "kv-2", "web-1");
        folder.remove("kv-2");
        assertThat(folder.records()).extracting(RunRecord::name).containsExactly("kv-1", "web-1");
    }

    @Test
    void anIncompleteRecordNamesItsFile() throws IOException {
        Files.createDirectories(state.resolve("run"));
        Files.writeString(state.resolve("run/kv-1.json"), "{\"name\":\"kv-1\"}");
        assertThatThrownBy(() -> new RunFolder(state).records())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("kv-1.json")
                .hasMessageContaining("remove the file");
    }

    @Test
    void onlyOneHolds() throws IOException {
        RunFolder folder = new RunFolder(state);
        try (RunFolder.Held _ = folder.hold().orElseThrow()) {
            assertThat(folder.hold()).isEmpty();
        }
        try (RunFolder.Held again = folder.hold().orElseThrow()) {
            assertThat(again).isNotNull();
        }
    }

    private static RunRecord record(String name, int level) {
        return new RunRecord(
                name,
                "kv-cache",
                new ProcessId(42, 17, "b00t"),
                name,
                level,
                "TERM",
                Duration.ofSeconds(30),
                "http://127.0.0.1:9900/health/ready",
                Map.of("client", "127.0.0.1:6379"));
    }
}
