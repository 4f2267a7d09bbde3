package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Questions of a file by dnsperf, from many sockets. Immutable. dnsperf 2.10 says no percentiles: the 50th is its mean, the
 * 99th what mean and deviation make likely.
 *
 * @param rate questions a second; 0 for as many as are answered without loss, a hundred being asked at once
 * @param subnet the client-subnet option of each, in hex; empty for none
 */
record DnsLoad(Stage stage, Path questions, int sockets, int rate, String subnet) implements Bench.Load {
    private static final Pattern COMPLETED = Pattern.compile("Queries completed:\\s+(\\d+)");
    private static final Pattern LOST = Pattern.compile("Queries lost:\\s+(\\d+)");
    private static final Pattern TIME = Pattern.compile("Run time \\(s\\):\\s+([\\d.]+)");
    private static final Pattern MEAN = Pattern.compile("Average Latency \\(s\\):\\s+([\\d.]+)");
    private static final Pattern DEVIATION = Pattern.compile("Latency StdDev \\(s\\):\\s+([\\d.]+)");
    /** How many deviations above the mean the 99th percentile of a normal distribution is. */
    private static final double TAIL = 2.326;

    private static final double MOST_LOST = 0.001;

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                stage.program("dnsperf").orElse("dnsperf"),
                "-s",
                "127.0.0.1",
                "-p",
                String.valueOf(server.address().getPort()),
                "-d",
                questions.toString(),
                "-c",
                String.valueOf(sockets),
                "-T",
                "1",
                "-l",
                String.valueOf(time.toSeconds())));
        if (rate > 0) {
            command.addAll(List.of("-Q", String.valueOf(rate)));
        }
        if (!subnet.isEmpty()) {
            command.addAll(List.of("-E", "8:" + subnet));
        }
        Process dnsperf = stage.call(stage.cores().load(), command);
        try {
            String output = new String(dnsperf.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            dnsperf.waitFor();
            return outcome(output);
        } finally {
            dnsperf.destroyForcibly();
        }
    }

    private static Bench.Outcome outcome(String output) throws DeployException {
        long completed = Long.parseLong(find(COMPLETED, output));
        long lost = Long.parseLong(find(LOST, output));
        double mean = Double.parseDouble(find(MEAN, output)) * 1e6;
        double deviation = Double.parseDouble(find(DEVIATION, output)) * 1e6;
        return new Bench.Outcome(
                Duration.ofNanos((long) (Double.parseDouble(find(TIME, output)) * 1e9)),
                completed,
                mean,
                mean + TAIL * deviation,
                lost > completed * MOST_LOST ? "lost=" + lost : "");
    }

    private static String find(Pattern pattern, String output) throws DeployException {
        Matcher matcher = pattern.matcher(output);
        if (!matcher.find()) {
            throw new DeployException("dnsperf (expected: " + pattern + "):\n" + output);
        }
        return matcher.group(1);
    }
}
