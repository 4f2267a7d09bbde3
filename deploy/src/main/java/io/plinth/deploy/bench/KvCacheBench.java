package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
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
        contenders.add(stage.ours(OURS, NODE, Map.of()));
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

    private static Contender peer(Stage stage, String program, Function<String, List<String>> arguments)
            throws IOException {
        InetSocketAddress address = stage.free();
        List<String> command = new ArrayList<>(List.of(stage.program(program).orElse(program)));
        command.addAll(arguments.apply(port(address)));
        return stage.peer(program, address, command);
    }

    private static Outcome run(
            Stage stage, InetSocketAddress server, String kind, int connections, int pipeline, int seconds, long rate)
            throws IOException, DeployException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(stage.installation().java()));
        command.addAll(stage.installation().options());
        command.addAll(List.of("-Xmx256m", "-cp", stage.installation().classPath(), CacheLoad.class.getName()));
        command.addAll(List.of(port(server), kind, String.valueOf(connections), String.valueOf(pipeline)));
        command.addAll(List.of(String.valueOf(seconds), String.valueOf(KEYS), String.valueOf(rate)));
        return stage.load("load " + kind, command);
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }
}
