package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.AtRate;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** db-proxy beside PgBouncer: one PostgreSQL behind both, {@code pgbench -S} in front. Owned by the command. */
final class DbProxyBench implements Bench {
    /** Of what the weakest does at most: where the 99th percentile is measured. */
    private static final double PACE = 0.6;

    private static final String OURS = "db-proxy";
    private static final String PEER = "pgbouncer";
    private static final String NODE = "db";
    private static final int SCALE = 5;
    private static final int ACCOUNTS_PER_SCALE = 100_000;
    private static final int MANY = 2000;
    private static final int IDLE = 9000;
    /** What ours keeps for each database of its, and its peer for each client with prepared statements. */
    private static final int SERVER_CONNECTIONS = 300;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern DONE = Pattern.compile("number of transactions actually processed: (\\d+)");
    private static final Pattern FAILED = Pattern.compile("number of failed transactions: (\\d+)");

    private final List<Contender> contenders = new ArrayList<>();

    @Override
    public String daemon() {
        return OURS;
    }

    @Override
    public List<String> tools() {
        return List.of("pgbench");
    }

    @Override
    public List<Case> cases(Stage stage, int connections) {
        Load simple = load(stage, "bench", "simple", connections);
        return List.of(
                new Case("simple", simple),
                new Case("prepared", load(stage, "prepared", "prepared", connections)),
                new Case("routed", load(stage, "routed", "simple", connections)),
                new Case("simple-1", load(stage, "bench", "simple", 1)),
                new Case("simple-100", load(stage, "bench", "simple", 100)),
                new Case("simple-2000", load(stage, "bench", "simple", MANY)),
                new Case(
                        "p99",
                        new AtRate(
                                PACE,
                                contenders,
                                simple,
                                (server, time, rate) -> atRate(stage, server.address(), connections, time, rate))),
                new Case("idle", (server, time) -> atRate(stage, server.address(), IDLE, time, 0), Set.of(), true));
    }

    /** Without a rate the connections ask once and stay. */
    private static Outcome atRate(Stage stage, InetSocketAddress server, int connections, Duration time, long rate)
            throws IOException, DeployException, InterruptedException {
        List<String> arguments = List.of(
                String.valueOf(server.getPort()),
                "bench",
                String.valueOf(connections),
                String.valueOf(time.toSeconds()),
                String.valueOf(rate),
                String.valueOf(SCALE * ACCOUNTS_PER_SCALE));
        return stage.load("queries at " + rate + "/s", stage.installation().command(PgLoad.class, 256, arguments));
    }

    private static Load load(Stage stage, String database, String protocol, int connections) {
        return (server, time) -> run(stage, server.address(), database, protocol, connections, time);
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        int postgres = postgres(stage);
        contenders.add(stage.ours(OURS, NODE, Map.of("POSTGRES", String.valueOf(postgres))));
        if (stage.program(PEER).isPresent()) {
            contenders.add(peer(stage, postgres));
        }
        for (Contender contender : contenders) {
            stage.listening(contender.name(), contender.process(), contender.address());
        }
        return contenders;
    }

    private static int postgres(Stage stage) throws IOException, DeployException, InterruptedException {
        InetSocketAddress address = stage.free();
        PostgresServer server = PostgresServer.primary(
                PostgresBinaries.unpack(stage.folder()),
                stage.folder().resolve("postgres"),
                new PostgresSettings(
                        address.getPort(),
                        32L << 20,
                        SERVER_CONNECTIONS,
                        PostgresSettings.Access.TRUST,
                        Map.of("bench", "bench"),
                        ""));
        server.prepare();
        Process process = stage.start("postgres", stage.cores().origin(), server.command());
        stage.listening("postgres", process, address);
        server.awaitReady(PATIENCE, stage.folder().resolve("postgres.log"));
        Process fill = stage.call(
                stage.cores().load(), pgbench(stage, address, "-i", "-q", "-s", String.valueOf(SCALE), "postgres"));
        String output = new String(fill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (fill.waitFor() != 0) {
            throw new DeployException("pgbench -i (expected: tables):\n" + output);
        }
        return address.getPort();
    }

    private static List<String> pgbench(Stage stage, InetSocketAddress server, String... options) {
        List<String> command = new ArrayList<>(List.of(
                stage.program("pgbench").orElse("pgbench"),
                "-h",
                "127.0.0.1",
                "-p",
                String.valueOf(server.getPort()),
                "-U",
                "postgres"));
        command.addAll(List.of(options));
        return command;
    }

    private static Contender peer(Stage stage, int postgres) throws IOException {
        InetSocketAddress address = stage.free();
        Path file = stage.fill(
                "db-proxy/pgbouncer.ini",
                Map.of(
                        "PORT", String.valueOf(address.getPort()),
                        "POSTGRES", String.valueOf(postgres)));
        List<String> command = new ArrayList<>(List.of(stage.program(PEER).orElse(PEER)));
        if ("root".equals(ProcessHandle.current().info().user().orElse(""))) {
            // It refuses to be root.
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(file.toString());
        return stage.peer(PEER, address, command);
    }

    private static Outcome run(
            Stage stage, InetSocketAddress server, String database, String protocol, int connections, Duration time)
            throws IOException, DeployException, InterruptedException {
        Path log = stage.folder().resolve("pgbench-log");
        long begun = System.nanoTime();
        Process pgbench = stage.call(
                stage.cores().load(),
                pgbench(
                        stage,
                        server,
                        "-S",
                        "-n",
                        "-M",
                        protocol,
                        "-c",
                        String.valueOf(connections),
                        "-T",
                        String.valueOf(time.toSeconds()),
                        "-l",
                        "--log-prefix=" + log,
                        "--sampling-rate=0.05",
                        database));
        try {
            String output = new String(pgbench.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = pgbench.waitFor();
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            Matcher done = DONE.matcher(output);
            Matcher failed = FAILED.matcher(output);
            if (code != 0 || !done.find()) {
                throw new DeployException("pgbench (expected: transactions):\n" + output);
            }
            long errors = failed.find() ? Long.parseLong(failed.group(1)) : 0;
            long[] latencies = latencies(stage.folder());
            return new Outcome(
                    took,
                    Long.parseLong(done.group(1)),
                    percentile(latencies, 0.5),
                    percentile(latencies, 0.99),
                    errors == 0 ? "" : "failed=" + errors);
        } finally {
            pgbench.destroyForcibly();
        }
    }

    /** Microseconds, the third field of each line; the files are removed. */
    private static long[] latencies(Path folder) throws IOException {
        List<Path> logs;
        try (Stream<Path> files = Files.list(folder)) {
            logs = files.filter(file -> file.getFileName().toString().startsWith("pgbench-log"))
                    .toList();
        }
        List<Long> all = new ArrayList<>();
        for (Path log : logs) {
            for (String line : Files.readAllLines(log)) {
                all.add(Long.parseLong(line.split(" ", -1)[2]));
            }
            Files.delete(log);
        }
        long[] sorted = all.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    private static double percentile(long[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1L, (long) (sorted.length * share))];
    }
}
