package io.plinth.mqbroker;

import com.rabbitmq.client.Connection;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.testkit.ChildJvm;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A broker in a process of its own, that can be killed and started again. */
final class BrokerProcess implements AutoCloseable {
    private final Path folder;
    private final ChildJvm jvm;
    private final String section;
    private final List<String> options;
    private final int port;
    private final int adminPort;

    BrokerProcess(Path folder, String section, String... options) throws IOException {
        this.folder = folder;
        jvm = new ChildJvm(folder.resolve("log"));
        this.section = section;
        this.options = List.of(options);
        port = FreePort.find();
        adminPort = FreePort.find();
    }

    void start() throws Exception {
        Path file = TestBroker.write(folder, section);
        String text = Files.readString(file)
                .replace("port: 0,", "port: " + port + ",")
                .replace("127.0.0.1:0", "127.0.0.1:" + adminPort);
        StackFile stack = TestBroker.file(folder, section);
        Files.writeString(file, text);
        JvmSizing sizing = MqBrokerMain.TYPE.jvm(
                stack, Objects.requireNonNull(stack.stack().nodes().get("mq")));
        List<String> all = new ArrayList<>(sizing.options());
        all.addAll(List.of(
                "-Xmx" + (sizing.heap().bytes() >> 10) + "k",
                "-XX:MaxDirectMemorySize=" + (sizing.direct().bytes() >> 10) + "k",
                "-XX:+UseSerialGC"));
        all.addAll(options);
        jvm.start(all, MqBrokerMain.class, List.of("mq", "--file", file.toString()));
    }

    Connection connect() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (true) {
            try {
                return TestBroker.factory(port).newConnection();
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !jvm.isAlive()) {
                    throw new IOException("no broker; its log:\n" + jvm.log(), e);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    int port() {
        return port;
    }

    int adminPort() {
        return adminPort;
    }

    /** The management API, at its port above AMQP's. */
    ManagementClient management() {
        return new ManagementClient(port + 10_000, "guest", "guest");
    }

    /** Octets of memory the process has resident. */
    long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", "" + jvm.pid(), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no VmRSS");
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
