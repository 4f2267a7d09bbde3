package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.PerfTestLoad;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.process.Procfs;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * mq-broker beside RabbitMQ. A request is a message: published, routed, confirmed where it is persistent, delivered and, where it is
 * persistent, acknowledged.
 */
final class MqBrokerBench implements Bench {
    private static final String OURS = "mq-broker";
    private static final String NODE = "broker";
    private static final String RABBIT = "rabbitmq-server";
    /** Debian's program on the PATH changes the user; the script behind it does not. */
    private static final Path SCRIPT = Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server");

    /** Of PerfTest: what `transient` and `persistent` send. */
    private static final List<String> AUTO_ACK = List.of("--size", "100", "--autoack");

    private static final List<String> CONFIRMED = List.of(
            "--size", "1024", "--flag", "persistent", "--confirm", "1000", "--qos", "1000", "--multi-ack-every", "100");

    private static final int STEADY = 30_000;
    private static final int STEADY_PERSISTENT = 3_000;
    private static final int IDLE = 1_000;

    /** A long backlog grows in so many stages, each of which is told of. */
    private static final int STAGES = 10;

    private static final long LONG = 1_000_000;

    private final long backlog;
    private final Consumer<String> progress;

    /** {@code backlog}: how many messages wait before they are drained. */
    MqBrokerBench(long backlog, Consumer<String> progress) {
        this.backlog = backlog;
        this.progress = progress;
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
        List<Case> cases = new ArrayList<>(List.of(
                new Case("transient", timed(stage, BrokerLoad.Kind.TRANSIENT, 0)),
                new Case("persistent", timed(stage, BrokerLoad.Kind.PERSISTENT, 0)),
                new Case("transient-30k", timed(stage, BrokerLoad.Kind.TRANSIENT, STEADY)),
                new Case("persistent-3k", timed(stage, BrokerLoad.Kind.PERSISTENT, STEADY_PERSISTENT)),
                new Case("backlog", drain(stage, backlog), Set.of(), true),
                new Case(
                        "idle",
                        (server, time) -> run(stage, server, BrokerLoad.Kind.IDLE, time, 0, IDLE),
                        Set.of(),
                        true)));
        PerfTestLoad.find(stage).ifPresent(perfTest -> {
            cases.add(new Case("perftest", new PerfTestLoad(stage, perfTest, "perftest", AUTO_ACK)));
            cases.add(new Case("perftest-confirm", new PerfTestLoad(stage, perfTest, "perftest-confirm", CONFIRMED)));
        });
        return cases;
    }

    private static Load timed(Stage stage, BrokerLoad.Kind kind, int rate) {
        return (server, time) -> run(stage, server, kind, time, rate, 0);
    }

    private Load drain(Stage stage, long messages) {
        return new Load() {
            @Override
            public void prepare(Contender server) throws IOException, DeployException, InterruptedException {
                long some = messages < LONG ? messages : (messages + STAGES - 1) / STAGES;
                for (long waiting = 0; waiting < messages; ) {
                    long more = Math.min(some, messages - waiting);
                    Outcome outcome = MqBrokerBench.run(stage, server, BrokerLoad.Kind.FILL, Duration.ZERO, 0, more);
                    waiting += more;
                    tell(server, waiting, outcome);
                }
            }

            @Override
            public Outcome run(Contender server, Duration time)
                    throws IOException, DeployException, InterruptedException {
                return MqBrokerBench.run(stage, server, BrokerLoad.Kind.DRAIN, Duration.ZERO, 0, messages);
            }
        };
    }

    /** Whether memory stays as it is, and publishing as fast, while the backlog grows. */
    private void tell(Contender server, long waiting, Outcome outcome) {
        progress.accept(
                "backlog: %d wait at %s, which holds %d MiB; the last were published at %.0f/s, confirmed in %.0f us, p99 %.0f us"
                        .formatted(
                                waiting,
                                server.name(),
                                Procfs.ofThisMachine()
                                                .residentBytes(server.process().pid())
                                        >> 20,
                                outcome.requests() * 1e9 / outcome.took().toNanos(),
                                outcome.p50Micros(),
                                outcome.p99Micros()));
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(stage.ours(OURS, NODE, Map.of("MANAGEMENT", port(stage.free()))));
        if (stage.program(RABBIT).isPresent() && Files.isExecutable(SCRIPT)) {
            contenders.add(rabbit(stage));
        }
        for (Contender contender : contenders) {
            stage.listening(contender.name(), contender.process(), contender.address());
        }
        return contenders;
    }

    /** RabbitMQ with all it has in a folder of its own, and Erlang's name server beside it, which would outlive it otherwise. */
    private static Contender rabbit(Stage stage) throws IOException, DeployException, InterruptedException {
        Path home = Files.createDirectories(stage.folder().resolve("rabbitmq"));
        InetSocketAddress address = stage.free();
        InetSocketAddress names = stage.free();
        stage.listening(
                "epmd",
                stage.start(
                        "epmd",
                        stage.cores().origin(),
                        List.of(stage.program("epmd").orElse("epmd"), "-address", "127.0.0.1", "-port", port(names))),
                names);
        Path plugins = Files.writeString(home.resolve("plugins"), "[].");
        Path environment = Files.writeString(home.resolve("environment"), "");
        Path configuration = stage.fill("mq-broker/rabbitmq.conf", Map.of("PORT", port(address)));
        List<String> command = new ArrayList<>(List.of("env"));
        command.addAll(List.of(
                "HOME=" + home,
                "RABBITMQ_MNESIA_BASE=" + home.resolve("data"),
                "RABBITMQ_LOG_BASE=" + home.resolve("log"),
                "RABBITMQ_NODENAME=bench" + port(address) + "@localhost",
                "RABBITMQ_DIST_PORT=" + port(stage.free()),
                "RABBITMQ_ENABLED_PLUGINS_FILE=" + plugins,
                "RABBITMQ_CONF_ENV_FILE=" + environment,
                "RABBITMQ_CONFIG_FILE=" + configuration,
                "ERL_EPMD_ADDRESS=127.0.0.1",
                "ERL_EPMD_PORT=" + port(names),
                // The script becomes the server instead of waiting beside it.
                "RABBITMQ_ALLOW_INPUT=true",
                SCRIPT.toString(),
                "-noinput"));
        return stage.peer(RABBIT, address, command);
    }

    private static Outcome run(
            Stage stage, Contender server, BrokerLoad.Kind kind, Duration time, long rate, long count)
            throws IOException, DeployException, InterruptedException {
        List<String> arguments = List.of(
                port(server.address()),
                kind.name(),
                String.valueOf(time.toSeconds()),
                String.valueOf(rate),
                String.valueOf(count));
        return stage.load("load " + kind, stage.installation().command(BrokerLoad.class, 256, arguments));
    }

    private static String port(InetSocketAddress address) {
        return String.valueOf(address.getPort());
    }
}
