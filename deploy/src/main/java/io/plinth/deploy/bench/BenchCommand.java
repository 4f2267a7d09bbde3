package io.plinth.deploy.bench;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Machine;
import io.plinth.deploy.bench.harness.Programs;
import io.plinth.deploy.bench.harness.Report;
import io.plinth.deploy.bench.harness.Rounds;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.process.Installation;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth bench DAEMON}. */
@Command(
        name = "bench",
        header = "Measures a daemon beside its peers.",
        description = "Measures a daemon beside its peers, those that are installed (deploy/bench/peers installs them):"
                + " same load, same machine, pinned cores, in turn, medians of several rounds.",
        mixinStandardHelpOptions = true)
public final class BenchCommand implements Callable<Integer> {
    private static final long BACKLOG = 1_000_000;
    private static final int KEYS = 1_000_000;
    private static final double BUSY = 0.5;

    @Parameters(
            index = "0",
            paramLabel = "DAEMON",
            description = "Which daemon: ${COMPLETION-CANDIDATES}.",
            completionCandidates = Benched.class)
    private String daemon = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "CASE",
            description = "Only these of its cases (default: all).")
    private List<String> chosen = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Writes the report there too.")
    private @Nullable Path json;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds (default: ${DEFAULT-VALUE}).")
    private int rounds = 5;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "Of load on one server in one round (default: ${DEFAULT-VALUE}).")
    private int seconds = 5;

    @Option(
            names = "--connections",
            paramLabel = "C",
            description = "Connections that ask at once (default: ${DEFAULT-VALUE}).")
    private int connections = 64;

    @Option(
            names = "--warm-up",
            paramLabel = "S",
            description = "Seconds of load before ours is measured, up to four times as many, 0 for none (default:"
                    + " ${DEFAULT-VALUE}).")
    private int warmUp = 15;

    @Option(
            names = "--backlog",
            paramLabel = "N",
            description = "mq-broker: messages that wait and are drained (default: ${DEFAULT-VALUE}).")
    private long backlog = BACKLOG;

    @Option(
            names = "--keys",
            paramLabel = "N",
            description = "kv-cache: keys that are written first (default: ${DEFAULT-VALUE}).")
    private int keys = KEYS;

    @Option(
            names = "--cores",
            paramLabel = "N",
            description = "kv-cache: measured with a loop on each of so many cores, too, over what it needs with one"
                    + " (default: ${DEFAULT-VALUE}).")
    private int cores = 1;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (rounds < 1 || seconds < 1 || connections < 1 || warmUp < 0 || backlog < 1 || keys < 1) {
            throw new DeployException(
                    "bench: rounds, seconds, connections, backlog, keys (expected: 1 or more each), warm-up (expected:"
                            + " 0 or more)",
                    2);
        }
        int processors = Runtime.getRuntime().availableProcessors();
        if (cores < 1 || cores > processors) {
            throw new DeployException("bench: cores " + cores + " (expected: 1 to " + processors + ")", 2);
        }
        List<Bench> benches = benches(backlog, keys, cores, out(true)::println);
        Bench bench = benches.stream()
                .filter(candidate -> candidate.daemon().equals(daemon))
                .findFirst()
                .orElseThrow(() -> new DeployException(
                        "bench: " + daemon + " (expected: one of "
                                + benches.stream().map(Bench::daemon).toList() + ")",
                        2));
        Programs programs = new Programs(System.getenv().getOrDefault("PATH", ""));
        for (String tool : bench.tools()) {
            if (programs.find(tool).isEmpty()) {
                throw new DeployException("bench: no " + tool + " on the PATH (install with deploy/bench/peers)");
            }
        }
        Report report = run(bench, programs);
        report.print(out(false));
        Path file = json;
        if (file != null) {
            try (Writer to = Files.newBufferedWriter(file)) {
                report.writeJson(to);
            }
        }
        return 0;
    }

    private static List<Bench> benches(long backlog, int keys, int cores, Consumer<String> progress) {
        return List.of(
                new LbProxyBench(),
                new KvCacheBench(keys, cores),
                new DbProxyBench(),
                new GeoDnsBench(),
                new MqBrokerBench(backlog, progress));
    }

    private Report run(Bench bench, Programs programs) throws IOException, DeployException, InterruptedException {
        PrintWriter progress = out(true);
        Stage stage = Stage.open(Installation.ofThisJvm(), programs, Daemons.ALL);
        Thread cleanUp = new Thread(stage::close, "stop-bench");
        Runtime.getRuntime().addShutdownHook(cleanUp);
        try (stage) {
            List<Bench.Case> cases = cases(bench, stage);
            String machine = Machine.description(stage.cores());
            progress.println(machine);
            if (Machine.load() > BUSY) {
                progress.println("the machine is busy with something else: throughput and latency will mean little");
            }
            Rounds turns = new Rounds(
                    stage, rounds, Duration.ofSeconds(seconds), Duration.ofSeconds(warmUp), progress::println);
            return new Report(bench.daemon(), machine, turns.run(bench.start(stage), cases));
        } finally {
            if (!Thread.currentThread().isInterrupted()) {
                forget(cleanUp);
            }
        }
    }

    private List<Bench.Case> cases(Bench bench, Stage stage) throws DeployException {
        List<Bench.Case> all = bench.cases(stage, connections);
        List<String> names = all.stream().map(Bench.Case::name).toList();
        for (String name : chosen) {
            if (!names.contains(name)) {
                throw new DeployException("bench: case " + name + " (expected: some of " + names + ")", 2);
            }
        }
        return all.stream()
                .filter(each -> chosen.isEmpty() || chosen.contains(each.name()))
                .toList();
    }

    private static void forget(Thread cleanUp) {
        try {
            Runtime.getRuntime().removeShutdownHook(cleanUp);
        } catch (IllegalStateException e) {
            // Shutting down: the hook is at work.
        }
    }

    /** The daemons there is a bench of, for the help. */
    static final class Benched extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Benched() {
            super(benches(BACKLOG, KEYS, 1, line -> {}).stream()
                    .map(Bench::daemon)
                    .toList());
        }
    }

    private PrintWriter out(boolean progress) {
        if (spec == null) {
            throw new IllegalStateException("command: called by nobody (expected: picocli)");
        }
        return new PrintWriter(
                progress ? spec.commandLine().getErr() : spec.commandLine().getOut(), true);
    }
}
