package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** GETs over HTTP/2 and TLS by h2load, several at once on each connection. Immutable. */
final class H2Load implements Bench.Load {
    private static final int CONNECTIONS = 8;
    private static final int AT_ONCE = 8;
    private static final Pattern FAILED =
            Pattern.compile("(\\d+) succeeded, (\\d+) failed, (\\d+) errored, (\\d+) timeout");
    private static final Pattern OTHER_STATUS =
            Pattern.compile("status codes: \\d+ 2xx, (\\d+) 3xx, (\\d+) 4xx, (\\d+) 5xx");

    private final Stage stage;
    private final Function<Bench.Contender, String> url;

    H2Load(Stage stage, Function<Bench.Contender, String> url) {
        this.stage = stage;
        this.url = url;
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        Path log = Files.createTempFile(stage.folder(), "h2load", ".log");
        Process process = stage.call(
                stage.cores().load(),
                List.of(
                        stage.program("h2load").orElse("h2load"),
                        "--clients=" + CONNECTIONS,
                        "--max-concurrent-streams=" + AT_ONCE,
                        "--duration=" + time.toSeconds(),
                        "--log-file=" + log,
                        url.apply(server)));
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return outcome(output, log, time);
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(log);
        }
    }

    /** What it printed, and a line a request: when it began, status, microseconds. */
    private static Bench.Outcome outcome(String output, Path log, Duration time) throws IOException, DeployException {
        Matcher counts = FAILED.matcher(output);
        Matcher statuses = OTHER_STATUS.matcher(output);
        if (!counts.find() || !statuses.find()) {
            throw new DeployException("h2load (expected: a result):\n" + output);
        }
        long[] micros;
        try (Stream<String> lines = Files.lines(log)) {
            micros = lines.mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf('\t') + 1)))
                    .sorted()
                    .toArray();
        }
        // What was on its way when the time was over counts as failed there.
        long errors = Long.parseLong(statuses.group(1))
                + Long.parseLong(statuses.group(2))
                + Long.parseLong(statuses.group(3))
                + Long.parseLong(counts.group(4));
        return new Bench.Outcome(
                time,
                micros.length,
                percentile(micros, 0.5),
                percentile(micros, 0.99),
                errors == 0 ? "" : "status=" + errors + Arrays.toString(output.split("\n", 3)));
    }

    private static double percentile(long[] sorted, double of) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, (long) (sorted.length * of))];
    }
}
