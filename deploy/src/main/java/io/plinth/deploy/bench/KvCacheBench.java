package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.AtRate;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** kv-cache beside Redis and memcached: many keys with values of 64 bytes, each server with one thread for commands. Owned by the command. */
final class KvCacheBench implements Bench {
    private static final String OURS = "kv-cache";
    private static final String NODE = "cache";
    private static final String REDIS = "redis-server";
    private static final String MEMCACHED = "memcached";
    private static final String OVER_MEMCACHED = OURS + "-memcached";
    /** Behind a server's name: while it writes snapshots. */
    private static final String SAVING = "-saving";

    private static final int DEEP = 16;
    /**
     * Of what the weakest does at most: where the 99th percentile is measured. At 60 % the generator itself, whose core is full at most
     * speed, fell behind for hundreds of milliseconds with each server when the host took its core away.
     */
    private static final double PACE = 0.3;

    private final int keys;
    private final int cores;
    private final List<Contender> speakingRedis = new ArrayList<>();
    private final List<Contender> saving = new ArrayList<>();

    /**
     * Owned by the command.
     *
     * @param keys how many are written first
     * @param cores with more than one ours is measured on so many, too, with a loop on each
     */
    KvCacheBench(int keys, int cores) {
        this.keys = keys;
        this.cores = cores;
    }

    /** What ours is called on several cores. */
    private String onCores() {
        return OURS + "-" + cores + "-loops";
    }

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
        Set<String> redis = cores > 1 ? Set.of(OURS, REDIS, onCores()) : Set.of(OURS, REDIS);
        Load get = load(stage, "get", connections, 1);
        AtRate paced = new AtRate(
                PACE,
                speakingRedis,
                get,
                (server, time, rate) -> run(stage, server.address(), "get", connections, 1, seconds(time), rate));
        return List.of(
                new Case("get", get, redis),
                new Case("set", load(stage, "set", connections, 1), redis),
                new Case("get-p16", load(stage, "get", connections, DEEP), redis),
                new Case("set-p16", load(stage, "set", connections, DEEP), redis),
                new Case("hash", load(stage, "hash", connections, DEEP), redis),
                new Case("zset", load(stage, "zset", connections, DEEP), redis),
                new Case(
                        "memcached-get",
                        load(stage, "memcached-get", connections, 1),
                        Set.of(OVER_MEMCACHED, MEMCACHED)),
                new Case("p99", paced, Set.of(OURS, REDIS)),
                new Case("snapshot", besideSnapshots(paced), Set.of(OURS, OURS + SAVING, REDIS, REDIS + SAVING)));
    }

    private Load load(Stage stage, String kind, int connections, int pipeline) {
        return (server, time) -> run(stage, server.address(), kind, connections, pipeline, seconds(time), 0);
    }

    /** The same load for all, beside snapshots for those that are named for it; each takes its turn right behind itself without. */
    private Load besideSnapshots(AtRate load) {
        return new Load() {
            @Override
            public void prepare(Contender server) throws IOException, DeployException, InterruptedException {
                load.prepare(server);
            }

            @Override
            public Outcome run(Contender server, Duration time)
                    throws IOException, DeployException, InterruptedException {
                if (!saving.contains(server)) {
                    return load.run(server, time);
                }
                try (SnapshotsUnderWay _ = new SnapshotsUnderWay(server.address())) {
                    return load.run(server, time);
                }
            }
        };
    }

    private static int seconds(Duration time) {
        return Math.toIntExact(time.toSeconds());
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        speakingRedis.add(stage.ours(OURS, NODE, Map.of("MEMCACHED", "")));
        if (stage.program(REDIS).isPresent()) {
            List<String> options = List.of("--port", "@", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no");
            speakingRedis.add(
                    peer(stage, REDIS, options, List.of("--dir", stage.folder().toString())));
        }
        List<Contender> speakingMemcached = memcached(stage);
        List<Contender> contenders = new ArrayList<>();
        for (Contender each : speakingRedis) {
            Contender beside = new Contender(each.name() + SAVING, each.ours(), each.address(), each.process());
            saving.add(beside);
            contenders.add(each);
            contenders.add(beside);
        }
        if (cores > 1) {
            Map<String, String> values = Map.of("MEMCACHED", "");
            contenders.add(stage.ours(
                    onCores(), OURS, NODE, values, List.of(), stage.cores().server(cores)));
        }
        fill(stage, contenders.stream().filter(each -> !saving.contains(each)).toList(), "set");
        fill(stage, speakingMemcached, "memcached-set");
        contenders.addAll(speakingMemcached);
        return contenders;
    }

    /** A node of its own, since one that speaks it too has more to do at each write; and memcached itself. */
    private static List<Contender> memcached(Stage stage) throws IOException, DeployException {
        List<Contender> contenders = new ArrayList<>();
        InetSocketAddress address = stage.free();
        Contender ours = stage.ours(
                OVER_MEMCACHED, OURS, NODE, Map.of("MEMCACHED", "memcached-port: " + port(address)), List.of());
        contenders.add(new Contender(ours.name(), true, address, ours.process()));
        if (stage.program(MEMCACHED).isPresent()) {
            String threads = String.valueOf(stage.cores().server().size());
            List<String> options = List.of("-p", "@", "-l", "127.0.0.1", "-U", "0", "-m", "1024", "-t", threads);
            // It refuses to be root.
            boolean root = "root".equals(ProcessHandle.current().info().user().orElse(""));
            contenders.add(peer(stage, MEMCACHED, options, root ? List.of("-u", "nobody") : List.of()));
        }
        return contenders;
    }

    private void fill(Stage stage, List<Contender> contenders, String kind)
            throws IOException, DeployException, InterruptedException {
        for (Contender contender : contenders) {
            stage.listening(contender.name(), contender.process(), contender.address());
            run(stage, contender.address(), kind, 1, 100, 0, 0);
        }
    }

    /** {@code options}: {@code @} is its port. */
    private static Contender peer(Stage stage, String program, List<String> options, List<String> more)
            throws IOException {
        InetSocketAddress address = stage.free();
        List<String> command = new ArrayList<>(List.of(stage.program(program).orElse(program)));
        options.forEach(option -> command.add(option.equals("@") ? port(address) : option));
        command.addAll(more);
        return stage.peer(program, address, command);
    }

    private Outcome run(
            Stage stage, InetSocketAddress server, String kind, int connections, int pipeline, int seconds, long rate)
            throws IOException, DeployException, InterruptedException {
        List<String> arguments = List.of(
                port(server),
                kind,
                String.valueOf(connections),
                String.valueOf(pipeline),
                String.valueOf(seconds),
                String.valueOf(keys),
                String.valueOf(rate));
        return stage.load("load " + kind, stage.installation().command(CacheLoad.class, 256, arguments));
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }
}
