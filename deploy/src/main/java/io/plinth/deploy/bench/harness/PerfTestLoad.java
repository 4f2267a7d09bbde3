package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * RabbitMQ's own generator, PerfTest: one publisher, one consumer, in a JVM that starts anew each time. What its last lines say is the
 * outcome.
 *
 * @param folder its jars
 * @param options what it is told beside the address, the queue and the time
 */
public record PerfTestLoad(Stage stage, Path folder, String queue, List<String> options) implements Bench.Load {
    private static final String MAIN = "com.rabbitmq.perf.PerfTest";
    private static final Pattern RECEIVED = Pattern.compile("receiving rate avg: (\\d+) msg/s");
    /** Of the whole: those of single seconds have a time before them. Of the confirm, which comes last, where there is one. */
    private static final Pattern LATENCY = Pattern.compile(
            "id: [^,]+, (?:consumer|confirm) latency min/median/75th/95th/99th \\d+/(\\d+)/\\d+/\\d+/(\\d+) ");

    public PerfTestLoad {
        options = List.copyOf(options);
    }

    /** Where the build puts it; empty where it was not built. */
    public static Optional<Path> find(Stage stage) {
        return Optional.of(stage.installation().home().resolve("perf-test/target/lib"))
                .filter(Files::isDirectory);
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                stage.installation().java(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                folder.resolve("*").toString(),
                MAIN,
                "--uri",
                "amqp://127.0.0.1:" + server.address().getPort(),
                "--queue",
                queue,
                "--time",
                String.valueOf(time.toSeconds())));
        command.addAll(options);
        Process perfTest = stage.call(stage.cores().load(), command);
        try {
            String output = new String(perfTest.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            perfTest.waitFor();
            return outcome(output, time);
        } finally {
            perfTest.destroyForcibly();
        }
    }

    /** What it printed, of a run of so long. */
    static Bench.Outcome outcome(String output, Duration time) throws DeployException {
        Matcher received = RECEIVED.matcher(output);
        Matcher latency = LATENCY.matcher(output);
        if (!received.find() || !latency.find()) {
            throw new DeployException("PerfTest (expected: " + RECEIVED + ", " + LATENCY + "):\n" + output);
        }
        double p50;
        double p99;
        do {
            p50 = Double.parseDouble(latency.group(1));
            p99 = Double.parseDouble(latency.group(2));
        } while (latency.find());
        return new Bench.Outcome(time, Long.parseLong(received.group(1)) * time.toSeconds(), p50, p99, "");
    }
}
