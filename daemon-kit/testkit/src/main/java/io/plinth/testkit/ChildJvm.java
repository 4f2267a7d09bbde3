package io.plinth.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A JVM with this one's class path, that can be killed and started again. What it says is in one file. Owned by the test's thread. */
public final class ChildJvm implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 60;

    private final Path log;
    private @Nullable Process process;

    public ChildJvm(Path log) {
        this.log = log;
    }

    /** Starts it; the one before has ended. */
    public void start(List<String> options, Class<?> main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private Process running() {
        return Objects.requireNonNull(process, "not started");
    }

    public long pid() {
        return running().pid();
    }

    public boolean isAlive() {
        return running().isAlive();
    }

    /** All it said. */
    public String log() throws IOException {
        return Files.readString(log);
    }

    /** As a machine that loses power does it. */
    public void kill() throws InterruptedException {
        running().destroyForcibly().waitFor();
    }

    /** Asks it to end and waits until it has. */
    public void stop() throws InterruptedException {
        running().destroy();
        if (!running().waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + pid() + " did not end within " + PATIENCE_SECONDS + " s");
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }
}
