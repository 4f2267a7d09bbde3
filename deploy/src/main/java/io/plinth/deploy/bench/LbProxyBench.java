package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.bench.harness.WrkLoad;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** lb-proxy beside HAProxy and nginx: the same origin behind each, a small and a larger response. */
final class LbProxyBench implements Bench {
    private static final String OURS = "lb-proxy";
    private static final String NODE = "lb";

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
        return List.of(
                new Case("get-1KiB", new WrkLoad(stage, Origin.SMALL, connections)),
                new Case("get-64KiB", new WrkLoad(stage, Origin.LARGE, connections)));
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        InetSocketAddress origin = stage.free();
        Process process = stage.start("origin", stage.cores().origin(), Origin.command(stage.installation(), origin));
        byte[] expected = stage.ready("origin", process, page(origin, Origin.LARGE));

        List<Contender> contenders = new ArrayList<>();
        contenders.add(stage.ours(OURS, NODE, Map.of("ORIGIN", port(origin))));
        if (stage.program("haproxy").isPresent()) {
            contenders.add(peer(stage, origin, "haproxy", "haproxy.cfg", List.of("-db", "-f")));
        }
        if (stage.program("nginx").isPresent()) {
            contenders.add(peer(
                    stage,
                    origin,
                    "nginx",
                    "nginx.conf",
                    List.of("-p", stage.folder().toString(), "-c")));
        }
        for (Contender contender : contenders) {
            byte[] body = stage.ready(contender.name(), contender.process(), page(contender.address(), Origin.LARGE));
            if (!java.util.Arrays.equals(body, expected)) {
                throw new DeployException(contender.name() + ": " + body.length
                        + " bytes came through (expected: the origin's " + expected.length + ")");
            }
        }
        return contenders;
    }

    private static Contender peer(
            Stage stage, InetSocketAddress origin, String name, String configuration, List<String> arguments)
            throws IOException {
        InetSocketAddress address = stage.free();
        Path file = stage.fill(
                "lb-proxy/" + configuration,
                Map.of(
                        "PORT", port(address),
                        "ORIGIN", port(origin),
                        "CORES", String.valueOf(stage.cores().server().size()),
                        "FOLDER", stage.folder().toString()));
        List<String> command = new ArrayList<>(List.of(stage.program(name).orElse(name)));
        command.addAll(arguments);
        command.add(file.toString());
        return stage.peer(name, address, command);
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }

    private static URI page(InetSocketAddress server, String path) {
        return URI.create("http://127.0.0.1:" + server.getPort() + path);
    }
}
