package io.plinth.deploy.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcfsTest {
    @TempDir
    private Path root = Path.of("");

    private Procfs procfs = new Procfs(root);

    @BeforeEach
    void boot() throws IOException {
        procfs = new Procfs(root);
        write("sys/kernel/random/boot_id", "b00t\n");
        write("uptime", "100.50 12.00\n");
    }

    @Test
    void aNameWithBlanksAndParenthesesDoesNotShiftTheFields() throws IOException {
        process(7, "S", 1, 5_000, "we) ird (x");
        assertThat(procfs.identify(7)).contains(new ProcessId(7, 5_000, "b00t"));
        assertThat(procfs.uptime(new ProcessId(7, 5_000, "b00t"))).isEqualTo(Duration.ofMillis(50_500));
    }

    @Test
    void aRecycledNumberIsAnotherProcess() throws IOException {
        process(7, "S", 1, 5_000, "java");
        ProcessId id = procfs.identify(7).orElseThrow();
        assertThat(procfs.alive(id)).isTrue();
        process(7, "S", 1, 6_000, "java");
        assertThat(procfs.alive(id)).isFalse();
    }

    @Test
    void theSameNumberAndTicksOfAnotherBootIsAnotherProcess() throws IOException {
        process(7, "S", 1, 5_000, "java");
        ProcessId id = procfs.identify(7).orElseThrow();
        write("sys/kernel/random/boot_id", "an0ther\n");
        assertThat(procfs.alive(id)).isFalse();
    }

    @Test
    void aZombieIsDead() throws IOException {
        process(7, "Z", 1, 5_000, "java");
        assertThat(procfs.identify(7)).isEmpty();
    }

    @Test
    void memoryOfDescendantsCountsWithoutWhatTheyShare() throws IOException {
        process(7, "S", 1, 1, "postgres");
        process(8, "S", 7, 1, "postgres");
        process(9, "S", 8, 1, "postgres");
        process(10, "S", 1, 1, "other");
        write("7/status", "VmRSS:\t  100 kB\nRssAnon:\t 10 kB\n");
        write("8/status", "VmRSS:\t  100 kB\nRssAnon:\t 20 kB\n");
        write("9/status", "VmRSS:\t  100 kB\nRssAnon:\t 30 kB\n");
        write("10/status", "VmRSS:\t  100 kB\nRssAnon:\t 40 kB\n");
        assertThat(procfs.residentBytes(7)).isEqualTo(150 * 1024);
    }

    @Test
    void thisProcessIsSeenOnThisMachine() {
        Procfs machine = Procfs.ofThisMachine();
        ProcessId own = machine.identify(ProcessHandle.current().pid()).orElseThrow();
        assertThat(machine.alive(own)).isTrue();
        assertThat(machine.residentBytes(own.pid())).isPositive();
    }

    private void process(long pid, String state, long parent, long start, String name) throws IOException {
        write(
                pid + "/stat",
                pid + " (" + name + ") " + state + " " + parent + " 0 0 0 0 0 0 0 0 0 11 22 0 0 0 0 0 0 " + start
                        + " 0 0\n");
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
