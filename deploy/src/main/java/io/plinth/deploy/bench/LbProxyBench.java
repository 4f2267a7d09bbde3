package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.AtRate;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.bench.harness.WrkLoad;
import io.plinth.deploy.prepare.DevelopmentCertificate;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** lb-proxy on epoll and on io_uring beside HAProxy and nginx, the same origin behind each. Owned by the command. */
final class LbProxyBench implements Bench {
    /** Of what the weakest does at most: where the 99th percentile is measured. */
    private static final double PACE = 0.6;

    private static final String OURS = "lb-proxy";
    private static final String IO_URING = "lb-proxy-io_uring";
    private static final String NODE = "lb";
    private static final int IDLE = 9000;

    private final List<Contender> contenders = new ArrayList<>();
    private final Map<String, InetSocketAddress> secure = new HashMap<>();
    private final Map<String, InetSocketAddress> admin = new HashMap<>();
    private @Nullable Stage stage;

    @Override
    public String daemon() {
        return OURS;
    }

    @Override
    public List<String> tools() {
        return List.of("wrk");
    }

    @Override
    public List<Case> cases(Stage stage, int connections) {
        List<Case> cases = new ArrayList<>();
        cases.add(new Case("h1-small", new WrkLoad(stage, Origin.SMALL, connections)));
        cases.add(new Case("h1-100k", new WrkLoad(stage, Origin.LARGE, connections)));
        cases.add(new Case("tls", new WrkLoad(stage, this::securePage, connections, List.of())));
        if (stage.program("h2load").isPresent()) {
            cases.add(new Case("h2", new H2Load(stage, this::securePage)));
        }
        cases.add(new Case(
                "connect",
                new WrkLoad(
                        stage,
                        server -> page(server.address(), Origin.SMALL).toString(),
                        connections,
                        List.of("--header=Connection: close"))));
        cases.add(new Case(
                "p99",
                new AtRate(
                        PACE,
                        contenders,
                        new WrkLoad(stage, Origin.SMALL, connections),
                        (server, time, rate) -> atRate(stage, server, connections, time, rate))));
        cases.add(new Case("idle", (server, time) -> atRate(stage, server, IDLE, time, 0), Set.of(), true));
        cases.add(new Case("reload", this::reload, Set.of(OURS, IO_URING), true));
        return cases;
    }

    /** Without a rate the connections ask once and stay. */
    private static Outcome atRate(Stage stage, Contender server, int connections, Duration time, long rate)
            throws IOException, DeployException, InterruptedException {
        List<String> arguments = List.of(
                port(server.address()),
                Origin.SMALL,
                String.valueOf(connections),
                String.valueOf(time.toSeconds()),
                String.valueOf(rate));
        return stage.load("HTTP load at " + rate + "/s", stage.installation().command(HttpLoad.class, 128, arguments));
    }

    private String securePage(Contender server) {
        InetSocketAddress address = secure.getOrDefault(server.name(), server.address());
        return "https://127.0.0.1:" + address.getPort() + Origin.SMALL;
    }

    private Outcome reload(Contender server, Duration time) throws IOException, DeployException, InterruptedException {
        Stage on = stage;
        InetSocketAddress at = admin.get(server.name());
        if (on == null || at == null) {
            throw new IllegalStateException("reload: " + server.name() + " (expected: one of ours, started)");
        }
        Path file = on.folder().resolve(server.name()).resolve("plinth.yaml");
        return new SocketsOverReloads(on, file, at.getPort()).run(server, time);
    }

    @Override
    public List<Contender> start(Stage on) throws IOException, DeployException, InterruptedException {
        stage = on;
        InetSocketAddress origin = on.free();
        Process process = on.start(
                "origin", on.cores().origin(), on.installation().command(Origin.class, 64, List.of(port(origin))));
        byte[] expected = on.ready("origin", process, page(origin, Origin.LARGE));
        Path certificate = on.folder().resolve("certificate.pem");
        Path key = on.folder().resolve("key.pem");
        DevelopmentCertificate.make(
                certificate, key, Set.of("127.0.0.1"), Path.of(on.installation().javaHome()));
        // HAProxy reads both from one file.
        Files.writeString(on.folder().resolve("both.pem"), Files.readString(certificate) + Files.readString(key));

        ours(on, OURS, origin, List.of());
        ours(on, IO_URING, origin, List.of("-Dplinth.transport=io_uring"));
        if (on.program("haproxy").isPresent()) {
            peer(on, origin, "haproxy", "haproxy.cfg", List.of("-db", "-f"));
        }
        if (on.program("nginx").isPresent()) {
            peer(on, origin, "nginx", "nginx.conf", List.of("-p", on.folder().toString(), "-c"));
        }
        for (Contender contender : contenders) {
            on.listening(
                    contender.name(), contender.process(), secure.getOrDefault(contender.name(), contender.address()));
            byte[] body = on.ready(contender.name(), contender.process(), page(contender.address(), Origin.LARGE));
            if (!java.util.Arrays.equals(body, expected)) {
                throw new DeployException(contender.name() + ": " + body.length
                        + " bytes came through (expected: the origin's " + expected.length + ")");
            }
        }
        return contenders;
    }

    private void ours(Stage on, String name, InetSocketAddress origin, List<String> options)
            throws IOException, DeployException {
        InetSocketAddress tls = on.free();
        InetSocketAddress control = on.free();
        Map<String, String> values = Map.of(
                "ORIGIN", port(origin),
                "TLS", port(tls),
                "ADMIN", port(control),
                "STAGE", on.folder().toString());
        contenders.add(on.ours(name, OURS, NODE, values, options));
        secure.put(name, tls);
        admin.put(name, control);
    }

    private void peer(Stage on, InetSocketAddress origin, String name, String configuration, List<String> arguments)
            throws IOException {
        InetSocketAddress address = on.free();
        InetSocketAddress tls = on.free();
        Path file = on.fill(
                "lb-proxy/" + configuration,
                Map.of(
                        "PORT", port(address),
                        "TLS", port(tls),
                        "ORIGIN", port(origin),
                        "CORES", String.valueOf(on.cores().server().size()),
                        "FOLDER", on.folder().toString()));
        List<String> command = new ArrayList<>(List.of(on.program(name).orElse(name)));
        command.addAll(arguments);
        command.add(file.toString());
        contenders.add(on.peer(name, address, command));
        secure.put(name, tls);
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }

    private static URI page(InetSocketAddress server, String path) {
        return URI.create("http://127.0.0.1:" + server.getPort() + path);
    }
}
