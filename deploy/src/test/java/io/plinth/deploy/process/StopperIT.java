package io.plinth.deploy.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopperIT {
    @TempDir
    private Path state = Path.of("");

    private final Procfs procfs = Procfs.ofThisMachine();
    private final List<Process> started = new ArrayList<>();
    private final List<String> said = new ArrayList<>();

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void whatIsStartedHasASessionOfItsOwnAndIsWrittenToItsLog() throws Exception {
        RunFolder folder = new RunFolder(state);
        start(folder, "a", 0, "echo hello; exec sleep 60");
        Path log = folder.log("a");
        await(() -> Files.readString(log).equals("hello\n"));
        String stat = Files.readString(
                Path.of("/proc", Long.toString(started.getFirst().pid()), "stat"));
        String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3];
        assertThat(session).isEqualTo(Long.toString(started.getFirst().pid()));
    }

    @Test
    void theHighestLevelStopsFirst() throws Exception {
        RunFolder folder = new RunFolder(state);
        start(folder, "low", 0, "exec sleep 60");
        start(folder, "high", 4, "exec sleep 60");
        start(folder, "middle", 2, "exec sleep 60");
        assertThat(stopper(folder).stop(folder.records())).isEmpty();
        assertThat(said).containsExactly("high stopped", "middle stopped", "low stopped");
        assertThat(folder.records()).isEmpty();
    }

    @Test
    void whatIgnoresTheRequestIsKilled() throws Exception {
        RunFolder folder = new RunFolder(state);
        String deaf = "trap '' TERM; echo deaf; while :; do sleep 0.05; done";
        Process process = start(folder, "deaf", 0, Duration.ofMillis(400), deaf);
        await(() -> Files.readString(folder.log("deaf")).contains("deaf"));
        assertThat(stopper(folder).stop(folder.records())).containsExactly("deaf");
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anotherProcessWithARecordedNumberIsLeftAlone() throws Exception {
        RunFolder folder = new RunFolder(state);
        Process stranger = start(folder, "kv-1", 2, "exec sleep 60");
        RunRecord record = folder.record("kv-1").orElseThrow();
        ProcessId earlier = new ProcessId(
                record.process().pid(),
                record.process().startTicks() - 1,
                record.process().boot());
        folder.write(new RunRecord("kv-1", "kv-cache", earlier, "kv-1", 2, "TERM", Duration.ZERO, "", Map.of()));
        stopper(folder).stop(folder.records());
        assertThat(stranger.isAlive()).isTrue();
    }

    private Stopper stopper(RunFolder folder) {
        return new Stopper(folder, procfs, new Signals(), System::nanoTime, said::add);
    }

    private Process start(RunFolder folder, String name, int level, String script) throws IOException {
        return start(folder, name, level, Duration.ofSeconds(30), script);
    }

    private Process start(RunFolder folder, String name, int level, Duration patience, String script)
            throws IOException {
        Process process = new Spawner().start(List.of("/bin/sh", "-c", script), state, Map.of(), folder.log(name));
        started.add(process);
        ProcessId id = procfs.identify(process.pid()).orElseThrow();
        folder.write(new RunRecord(name, "app", id, name, level, "TERM", patience, "", Map.of()));
        return process;
    }

    private static void await(Condition condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(10);
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }
}
