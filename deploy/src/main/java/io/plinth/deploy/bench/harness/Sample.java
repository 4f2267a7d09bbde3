package io.plinth.deploy.bench.harness;

import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one server did under one load, or the medians of several rounds. Immutable.
 *
 * @param throughput requests a second
 * @param cpuMicros processor time, user and system, of the server over the requests done
 * @param coreShare processor time over wall time: 1 is one core fully used
 * @param mebibytes the most memory it was seen to hold
 */
public record Sample(
        double throughput, double cpuMicros, double p50Micros, double p99Micros, double coreShare, double mebibytes) {
    public static Sample of(Bench.Outcome outcome, Duration cpu, long residentBytes) {
        double seconds = outcome.took().toNanos() / 1e9;
        double busy = cpu.toNanos() / 1e9;
        return new Sample(
                outcome.requests() / seconds,
                busy * 1e6 / Math.max(1, outcome.requests()),
                outcome.p50Micros(),
                outcome.p99Micros(),
                busy / seconds,
                residentBytes / (double) (1 << 20));
    }

    /** Each number's median; they need not be of one round. */
    public static Sample median(List<Sample> samples) {
        return new Sample(
                median(samples, Sample::throughput),
                median(samples, Sample::cpuMicros),
                median(samples, Sample::p50Micros),
                median(samples, Sample::p99Micros),
                median(samples, Sample::coreShare),
                median(samples, Sample::mebibytes));
    }

    private static double median(List<Sample> samples, ToDoubleFunction<Sample> number) {
        double[] sorted = samples.stream().mapToDouble(number).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
