package io.plinth.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Debian's RabbitMQ with its plugins for management and Prometheus, on free ports and in a folder of its own. */
public final class RabbitServer implements AutoCloseable {
    /** Debian's wrapper on the PATH wants to be root; the script behind it does not. */
    private static final Path SCRIPT = Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server");

    private static final Duration UNTIL_READY = Duration.ofMinutes(3);
    private static final int PATIENCE_SECONDS = 20;

    private final Process process;
    private final int amqp;
    private final int http;
    private final int prometheus;
    /** Erlang's name server. RabbitMQ would start one that outlives it. */
    private final Process names;

    /** Starts it; it is ready when this returns. */
    public RabbitServer(Path folder) throws Exception {
        Peer.path("rabbitmq-server");
        amqp = FreePort.find();
        http = FreePort.find();
        prometheus = FreePort.find();
        int namesPort = FreePort.find();
        names = new ProcessBuilder("epmd", "-address", "127.0.0.1", "-port", Integer.toString(namesPort))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("epmd.log").toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!listens(namesPort) && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        Files.writeString(folder.resolve("plugins"), "[rabbitmq_management,rabbitmq_prometheus].");
        Files.writeString(folder.resolve("env.conf"), "");
        Files.writeString(
                folder.resolve("rabbitmq.conf"),
                "management.tcp.port = " + http + "\nmanagement.tcp.ip = 127.0.0.1\n"
                        + "prometheus.tcp.port = " + prometheus + "\nprometheus.tcp.ip = 127.0.0.1\n"
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
                        "RABBITMQ_DIST_PORT", Integer.toString(FreePort.find()),
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

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private void await(Path folder) throws Exception {
        long deadline = System.nanoTime() + UNTIL_READY.toNanos();
        String guest = Base64.getEncoder().encodeToString("guest:guest".getBytes(StandardCharsets.US_ASCII));
        HttpRequest overview = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http + "/api/overview"))
                .header("Authorization", "Basic " + guest)
                .timeout(Duration.ofSeconds(5))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (true) {
                try {
                    if (client.send(overview, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200) {
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

    /** Where it takes AMQP, as guest. */
    public int port() {
        return amqp;
    }

    /** Where its management API is. */
    public int httpPort() {
        return http;
    }

    /** Where Prometheus reads its metrics. */
    public int prometheusPort() {
        return prometheus;
    }

    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroy);
        for (ProcessHandle each : all) {
            end(each);
        }
        names.destroy();
        end(names.toHandle());
    }

    private static void end(ProcessHandle process) {
        try {
            process.onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
