package io.plinth.mqbroker;

import com.rabbitmq.client.ConnectionFactory;
import io.plinth.testkit.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Debian's RabbitMQ with its management plugin, on free ports and in a folder of its own. */
final class RabbitPeer {
    /** Debian's wrapper on the PATH wants to be root; the script behind it does not. */
    private static final Path SCRIPT = Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server");

    private final Process process;
    private final int amqp;
    private final int http;
    /** Erlang's name server. RabbitMQ would start one that outlives it. */
    private final Process names;

    RabbitPeer(Path folder) throws Exception {
        Peer.path("rabbitmq-server");
        amqp = free();
        http = free();
        int namesPort = free();
        names = new ProcessBuilder("epmd", "-address", "127.0.0.1", "-port", Integer.toString(namesPort))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("epmd.log").toFile())
                .start();
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!listens(namesPort) && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        Files.writeString(folder.resolve("plugins"), "[rabbitmq_management].");
        Files.writeString(folder.resolve("env.conf"), "");
        Files.writeString(
                folder.resolve("rabbitmq.conf"),
                "management.tcp.port = " + http + "\nmanagement.tcp.ip = 127.0.0.1\n"
                        + "collect_statistics_interval = 1000\n");
        ProcessBuilder builder = new ProcessBuilder(SCRIPT.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out.log").toFile());
        builder.environment()
                .putAll(Map.of(
                        "HOME", folder.toString(),
                        "RABBITMQ_MNESIA_BASE", folder.resolve("data").toString(),
                        "RABBITMQ_LOG_BASE", folder.resolve("log").toString(),
                        "RABBITMQ_NODENAME", "plinth" + amqp + "@localhost",
                        "RABBITMQ_NODE_PORT", Integer.toString(amqp),
                        "RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1",
                        "RABBITMQ_DIST_PORT", Integer.toString(free()),
                        "RABBITMQ_ENABLED_PLUGINS_FILE",
                                folder.resolve("plugins").toString(),
                        "RABBITMQ_CONFIG_FILE", folder.resolve("rabbitmq.conf").toString(),
                        "ERL_EPMD_PORT", Integer.toString(namesPort)));
        builder.environment()
                .put("RABBITMQ_CONF_ENV_FILE", folder.resolve("env.conf").toString());
        builder.environment().put("ERL_EPMD_ADDRESS", "127.0.0.1");
        process = builder.start();
        await(folder);
    }

    private static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private void await(Path folder) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        try (ManagementClient api = management()) {
            while (true) {
                try {
                    if (api.get("overview").status() == 200) {
                        return;
                    }
                } catch (IOException e) {
                    // Not listening yet.
                }
                if (System.nanoTime() > deadline || !process.isAlive()) {
                    close();
                    throw new AssertionError("RabbitMQ did not start: " + Files.readString(folder.resolve("out.log")));
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    ManagementClient management() {
        return new ManagementClient(http, "guest", "guest");
    }

    int httpPort() {
        return http;
    }

    ConnectionFactory factory() {
        return TestBroker.factory(amqp);
    }

    void close() throws Exception {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        children.forEach(ProcessHandle::destroy);
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        for (ProcessHandle child : children) {
            child.onExit().get(20, TimeUnit.SECONDS);
        }
        names.destroy();
        names.waitFor(20, TimeUnit.SECONDS);
    }
}
