package io.plinth.deploy.bench;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.kit.lifecycle.DaemonType;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** kv-cache beside Redis and memcached: a million keys with values of 64 bytes, each server with one thread for commands. */
final class KvCacheBench implements Bench {
    private static final String OURS = "kv-cache";
    private static final String NODE = "cache";
    private static final String REDIS = "redis-server";
    private static final int KEYS = 1_000_000;
    private static final int DEEP = 16;
    private static final String RESULT = "RESULT ";

    @Override
    public String daemon() {
        return OURS;
    }

    @Override
    public List<String> tools() {
        return List.of();
    }

    @Override
    public List<Case> cases(Stage stage, int connections) {
        Set<String> redis = Set.of(REDIS);
        return List.of(
                new Case("get", load(stage, "get", connections, 1), redis),
                new Case("set", load(stage, "set", connections, 1), redis),
                new Case("get-p16", load(stage, "get", connections, DEEP), redis),
                new Case("set-p16", load(stage, "set", connections, DEEP), redis),
                new Case("hash", load(stage, "hash", connections, DEEP), redis),
                new Case("zset", load(stage, "zset", connections, DEEP), redis));
    }

    private static Load load(Stage stage, String kind, int connections, int pipeline) {
        return (server, time) ->
                run(stage, server.address(), kind, connections, pipeline, Math.toIntExact(time.toSeconds()), 0);
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(ours(stage));
        if (stage.program(REDIS).isPresent()) {
            contenders.add(peer(
                    stage,
                    REDIS,
                    at -> List.of(
                            "--port",
                            at,
                            "--bind",
                            "127.0.0.1",
                            "--save",
                            "",
                            "--appendonly",
                            "no",
                            "--dir",
                            stage.folder().toString())));
        }
        for (Contender contender : contenders) {
            stage.listening(contender.name(), contender.process(), contender.address());
            run(stage, contender.address(), "set", 1, 100, 0, 0);
        }
        return contenders;
    }

    /** A real node, started as the launcher starts one. */
    private static Contender ours(Stage stage) throws IOException, DeployException {
        DaemonType type = Daemons.named(OURS).orElseThrow(() -> new DeployException("no daemon " + OURS));
        InetSocketAddress address = stage.free();
        Map<String, String> values = new HashMap<>();
        values.put("PORT", port(address));
        values.put("ADMIN", port(stage.free()));
        values.put("LOOPS", String.valueOf(stage.cores().server().size()));
        values.put("FOLDER", stage.folder().toString());
        Path file = stage.fill("kv-cache/plinth.yaml", values);
        return new Contender(OURS, true, address, stage.node(type, file, NODE));
    }

    private static Contender peer(Stage stage, String program, Function<String, List<String>> arguments)
            throws IOException {
        InetSocketAddress address = stage.free();
        List<String> command = new ArrayList<>(List.of(stage.program(program).orElse(program)));
        command.addAll(arguments.apply(port(address)));
        return new Contender(
                program, false, address, stage.start(program, stage.cores().server(), command));
    }

    private static Outcome run(
            Stage stage, InetSocketAddress server, String kind, int connections, int pipeline, int seconds, long rate)
            throws IOException, DeployException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(stage.installation().java()));
        command.addAll(stage.installation().options());
        command.addAll(List.of("-Xmx256m", "-cp", stage.installation().classPath(), CacheLoad.class.getName()));
        command.addAll(List.of(port(server), kind, String.valueOf(connections), String.valueOf(pipeline)));
        command.addAll(List.of(String.valueOf(seconds), String.valueOf(KEYS), String.valueOf(rate)));
        Process load = stage.call(stage.cores().load(), command);
        try {
            String output = new String(load.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            load.waitFor();
            return output.lines()
                    .filter(line -> line.startsWith(RESULT))
                    .map(KvCacheBench::parse)
                    .findFirst()
                    .orElseThrow(() -> new DeployException("load " + kind + " (expected: a result):\n" + output));
        } finally {
            load.destroyForcibly();
        }
    }

    private static Outcome parse(String line) {
        String[] fields = line.substring(RESULT.length()).strip().split(" ", -1);
        return new Outcome(
                Duration.ofNanos(Long.parseLong(fields[0]) * 1000),
                Long.parseLong(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                fields[4].equals("errors=0") ? "" : fields[4]);
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }
}
