package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** HTTP GETs of one path by wrk over kept connections. Immutable. */
public final class WrkLoad implements Bench.Load {
    private static final String RESULT = "RESULT ";

    private final Stage stage;
    private final String path;
    private final int connections;

    public WrkLoad(Stage stage, String path, int connections) {
        this.stage = stage;
        this.path = path;
        this.connections = connections;
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        String url = "http://127.0.0.1:" + server.address().getPort() + path;
        int threads = Math.max(1, Math.min(connections, stage.cores().load().size()));
        List<String> command = List.of(
                stage.program("wrk").orElse("wrk"),
                "--threads=" + threads,
                "--connections=" + connections,
                "--duration=" + time.toSeconds() + "s",
                // On a busy machine a slow answer is slow, not wrong.
                "--timeout=30s",
                "--script=" + stage.shipped("wrk.lua"),
                url);
        Process wrk = stage.call(stage.cores().load(), command);
        try {
            String output = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            wrk.waitFor();
            return output.lines()
                    .filter(line -> line.startsWith(RESULT))
                    .map(WrkLoad::parse)
                    .findFirst()
                    .orElseThrow(() -> new DeployException("wrk " + url + " (expected: a result):\n" + output));
        } finally {
            wrk.destroyForcibly();
        }
    }

    private static Bench.Outcome parse(String line) {
        String[] fields = line.substring(RESULT.length()).strip().split(" ", -1);
        String errors = Arrays.stream(fields, 4, fields.length)
                .filter(kind -> !kind.endsWith("=0"))
                .collect(Collectors.joining(" "));
        return new Bench.Outcome(
                Duration.ofNanos(Long.parseLong(fields[0]) * 1000),
                Long.parseLong(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                errors);
    }
}
