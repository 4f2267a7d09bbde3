package io.plinth.kvcache.client;

import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kvcache.KvCacheMain;
import io.plinth.testkit.ChildJvm;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A node in a process of its own, which can be killed. */
final class NodeProcess implements AutoCloseable {
    private final ChildJvm jvm;
    private final Path file;
    private final List<String> options;
    private final int port = FreePort.find();

    NodeProcess(Path folder, String section) throws IOException {
        this(folder, section, List.of());
    }

    /** {@code options} of its JVM come last. */
    NodeProcess(Path folder, String section, List<String> options) throws IOException {
        this.options = options;
        jvm = new ChildJvm(folder.resolve("log"));
        file = Files.writeString(
                folder.resolve("plinth.yaml"),
                "stack: test\nstate: " + folder.resolve("state") + "\nkv-cache: { " + section + " }\nnodes:\n"
                        + "  kv: { run: kv-cache, loops: 2, admin: \"127.0.0.1:0\", port: " + port + " }\n");
    }

    void start() throws Exception {
        StackFile stack = StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of());
        JvmSizing sizing = KvCacheMain.TYPE.jvm(
                stack, Objects.requireNonNull(stack.stack().nodes().get("kv")));
        List<String> sizes = List.of(
                "-Xmx" + sizing.heap().bytes(),
                "-XX:MaxDirectMemorySize=" + sizing.direct().bytes());
        List<String> all = Stream.of(sizing.options(), sizes, options)
                .flatMap(List::stream)
                .toList();
        jvm.start(all, KvCacheMain.class, List.of("kv", "--file", file.toString()));
    }

    /** To this very process: while it starts, another one may have the port. */
    RawClient connect() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                RawClient client = new RawClient(port);
                String itself = "process_id:" + jvm.pid() + "\r\n";
                if (client.call("INFO", "server").contains(itself)) {
                    return client;
                }
                client.close();
                throw new IOException("port " + port + ": another process listens (expected: " + itself.strip() + ")");
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !jvm.isAlive()) {
                    throw new IOException("no node; its log:\n" + log(), e);
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }

    /** Where clients connect to. */
    int port() {
        return port;
    }

    String log() throws IOException {
        return jvm.log();
    }

    void kill() throws InterruptedException {
        jvm.kill();
    }

    void stop() throws InterruptedException {
        jvm.stop();
    }

    @Override
    public void close() {
        jvm.close();
    }
}
