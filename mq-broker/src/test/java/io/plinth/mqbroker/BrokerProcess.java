package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Connection;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.JvmSizing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A broker in a process of its own, that can be killed and started again. */
final class BrokerProcess implements AutoCloseable {
    private final Path folder;
    private final String section;
    private final List<String> options;
    private final int port;
    private @Nullable Process process;

    BrokerProcess(Path folder, String section, String... options) throws IOException {
        this.folder = folder;
        this.section = section;
        this.options = List.of(options);
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
    }

    void start() throws Exception {
        Path file = TestBroker.write(folder, section);
        String text = Files.readString(file).replace("port: 0,", "port: " + port + ",");
        StackFile stack = TestBroker.file(folder, section);
        Files.writeString(file, text);
        JvmSizing sizing = MqBrokerMain.TYPE.jvm(
                stack, Objects.requireNonNull(stack.stack().nodes().get("mq")));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(sizing.options());
        command.addAll(List.of(
                "-Xmx" + (sizing.heap().bytes() >> 10) + "k",
                "-XX:MaxDirectMemorySize=" + (sizing.direct().bytes() >> 10) + "k",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.addAll(List.of(MqBrokerMain.class.getName(), "mq", "--file", file.toString()));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    private Process running() {
        return Objects.requireNonNull(process);
    }

    Connection connect() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (true) {
            try {
                return TestBroker.factory(port).newConnection();
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !running().isAlive()) {
                    throw new IOException("no broker; its log:\n" + Files.readString(folder.resolve("log")), e);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    int port() {
        return port;
    }

    /** Octets of memory the process has resident. */
    long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", "" + running().pid(), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no VmRSS");
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
