package io.plinth.deploy.start;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.DeployException;
import io.plinth.deploy.prepare.DevelopmentCertificate;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kit.lifecycle.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts one node of every kind in this JVM, talks to each a little and stops them, so that an AOT cache made from this
 * run holds what starting and the first requests need. A node that cannot start is left out. Owned by one thread.
 */
public final class Training {
    private static final Logger LOG = LoggerFactory.getLogger(Training.class);
    private static final int PATIENCE_MILLIS = 1_000;
    private static final int ROUNDS = 3;
    private static final int REQUESTS = 5_000;
    private static final int MESSAGES = 20_000;
    private static final int COMMANDS = 60_000;
    private static final String ZONE = """
        $ORIGIN shop.example.
        @ 300 IN SOA ns1 hostmaster 1 1h 10m 2w 1m
        @ 300 IN NS ns1
        ns1 300 IN A 127.0.0.1
        www 300 IN A 127.0.0.1
        """;
    /** www.shop.example, type A. */
    private static final byte[] DNS_QUERY =
            HexFormat.of().parseHex("00010100000100000000000003777777" + "0473686f70076578616d706c650000010001");

    /** ns1.shop.example, type A. */
    private static final byte[] DNS_STATIC =
            HexFormat.of().parseHex("000101000001000000000000036e7331" + "0473686f70076578616d706c650000010001");
    /** abc.shop.example, type A, which there is not. */
    private static final byte[] DNS_MISSING =
            HexFormat.of().parseHex("00010100000100000000000003616263" + "0473686f70076578616d706c650000010001");

    private static final String RESP =
            "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n" + "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    private static final String HTTP = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

    private final Path folder;
    private final Path javaHome;
    private final TrainingTraffic traffic = new TrainingTraffic(REQUESTS, Duration.ofSeconds(2));
    private final TrainingCommands commands = new TrainingCommands(COMMANDS, Duration.ofSeconds(2));
    private final TrainingMessages messages = new TrainingMessages(MESSAGES, Duration.ofSeconds(2));

    /** Works in {@code folder}, which is empty. */
    public Training(Path folder, Path javaHome) {
        this.folder = folder;
        this.javaHome = javaHome;
    }

    /** Runs it; throws only where nothing could be done at all. */
    public void run() throws IOException, ConfigException, DeployException {
        Path file = folder.resolve("training.yaml");
        try (TrainingOrigin origin = new TrainingOrigin()) {
            Files.writeString(file, template().replace("@ORIGIN@", String.valueOf(origin.port())));
            train(file);
            LOG.info("{} requests went through the load balancer", origin.answered());
        }
    }

    private static String template() throws IOException {
        try (InputStream template = Training.class.getResourceAsStream("training.yaml")) {
            if (template == null) {
                throw new IOException("training.yaml: not on the class path (expected: beside this class)");
            }
            return new String(template.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void train(Path file) throws IOException, ConfigException, DeployException {
        Files.writeString(folder.resolve("shop.example.zone"), ZONE);
        DevelopmentCertificate.make(
                folder.resolve("state/shop.pem"), folder.resolve("state/shop.key"), Set.of(), javaHome);
        StackFile read = StackFiles.read(file, Daemons.ALL, Map.of(), Map.of());
        List<RunningNode> running = new ArrayList<>();
        NodeOptions options = NodeOptions.defaults().withDrain(Duration.ofSeconds(1));
        read.stack().nodes().forEach((name, node) -> {
            try {
                running.add(NodeRunner.start(Daemons.named(node.kind()).orElseThrow(), read, name, options));
            } catch (StartException e) {
                LOG.warn("left out: {}", e.getMessage());
            }
        });
        for (int round = 0; round < ROUNDS; round++) {
            running.forEach(this::talk);
        }
        running.forEach(this::work);
        running.forEach(node -> node.drainAndStop(options.drain()).join());
    }

    private void talk(RunningNode node) {
        for (String path : List.of("/health/ready", "/metrics", "/config")) {
            attempt(() -> Probe.http("GET", "http://127.0.0.1:" + node.admin().getPort() + path, PATIENCE_MILLIS));
        }
        node.listening().forEach((listener, address) -> {
            switch (node.name()) {
                case "dns" -> attempt(() -> dns(address));
                case "cache" -> attempt(() -> say(address, RESP.getBytes(StandardCharsets.US_ASCII)));
                case "broker" -> attempt(() -> say(address, new byte[] {'A', 'M', 'Q', 'P', 0, 0, 9, 1}));
                case "lb" -> attempt(() -> say(address, HTTP.getBytes(StandardCharsets.US_ASCII)));
                default ->
                    attempt(() -> say(
                            address,
                            HexFormat.of()
                                    .parseHex("00000021000300007573657200" + "73686f7000646174616261736500"
                                            + "73686f700000")));
            }
        });
    }

    /** What is asked often is asked often here too. */
    private void work(RunningNode node) {
        switch (node.name()) {
            case "lb" -> at(node, "http", traffic::http);
            case "dns" -> at(node, "udp", address -> traffic.dns(address, DNS_QUERY, DNS_STATIC, DNS_MISSING));
            case "cache" ->
                at(node, "redis", address -> LOG.info("{} commands went through the cache", commands.through(address)));
            case "broker" ->
                at(node, "amqp", address -> LOG.info("{} messages went through the broker", messages.through(address)));
            default -> {}
        }
    }

    private static void at(RunningNode node, String listener, Traffic traffic) {
        InetSocketAddress address = node.listening().get(listener);
        if (address != null) {
            attempt(() -> traffic.at(address));
        }
    }

    private static void say(InetSocketAddress address, byte[] words) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(address, PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS / 4);
            socket.getOutputStream().write(words);
            socket.getOutputStream().flush();
            while (socket.getInputStream().read() >= 0) {
                // Whatever is answered.
            }
        }
    }

    private static void dns(InetSocketAddress address) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.send(new DatagramPacket(DNS_QUERY, DNS_QUERY.length, address));
            socket.receive(new DatagramPacket(new byte[512], 512));
        }
    }

    private static void attempt(Attempt attempt) {
        try {
            attempt.run();
        } catch (IOException e) {
            LOG.info("training goes on: {}", e.getMessage());
        }
    }

    @FunctionalInterface
    private interface Traffic {
        void at(InetSocketAddress address) throws IOException;
    }

    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }
}
