package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kvcache.KvCacheMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A node in a process of its own, which can be killed. */
final class NodeProcess implements AutoCloseable {
    private final Path folder;
    private final Path file;
    private final int port = Cluster.freePort();
    private @Nullable Process process;

    NodeProcess(Path folder, String section) throws IOException {
        this.folder = folder;
        file = Files.writeString(
                folder.resolve("plinth.yaml"),
                "stack: test\nstate: " + folder.resolve("state") + "\nkv-cache: { " + section + " }\nnodes:\n"
                        + "  kv: { run: kv-cache, loops: 2, admin: \"127.0.0.1:0\", port: " + port + " }\n");
    }

    void start() throws Exception {
        StackFile stack = StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of());
        JvmSizing sizing = KvCacheMain.TYPE.jvm(
                stack, Objects.requireNonNull(stack.stack().nodes().get("kv")));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(sizing.options());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(KvCacheMain.class.getName(), "kv", "--file", file.toString()));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    /** To this very process: while it starts, another one may have the port. */
    RawClient connect() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                RawClient client = new RawClient(port);
                String itself = "process_id:" + running().pid() + "\r\n";
                if (client.call("INFO", "server").contains(itself)) {
                    return client;
                }
                client.close();
                throw new IOException("port " + port + ": another process listens (expected: " + itself.strip() + ")");
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !running().isAlive()) {
                    throw new IOException("no node; its log:\n" + log(), e);
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }

    String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    private Process running() {
        return Objects.requireNonNull(process);
    }

    void kill() throws InterruptedException {
        running().destroyForcibly().waitFor();
    }

    void stop() throws InterruptedException {
        running().destroy();
        assertThat(running().waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }
}
