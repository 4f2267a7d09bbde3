package io.plinth.mqbroker.stats;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Owned by its shard's loop. How long publishers waited for confirms, from a minute down to a microsecond. */
public final class Latency {
    private static final int DIGITS = 1;
    private static final long MOST_MICROS = TimeUnit.MINUTES.toMicros(1);

    private final Histogram micros = new Histogram(1, MOST_MICROS, DIGITS);

    /** Percentiles in seconds. */
    public record Percentiles(long count, double p50, double p95, double p99, double p999, double max) {
        public static final Percentiles NONE = new Percentiles(0, 0, 0, 0, 0, 0);
    }

    public void record(long nanos) {
        micros.recordValue(Math.clamp(TimeUnit.NANOSECONDS.toMicros(nanos), 1, MOST_MICROS));
    }

    /** Adds another's, which must not change meanwhile. */
    public void addAll(Latency other) {
        micros.add(other.micros);
    }

    /** A copy for another thread. */
    public Latency copy() {
        Latency copy = new Latency();
        copy.addAll(this);
        return copy;
    }

    public Percentiles percentiles() {
        return new Percentiles(
                micros.getTotalCount(),
                seconds(50),
                seconds(95),
                seconds(99),
                seconds(99.9),
                micros.getTotalCount() == 0 ? 0 : micros.getMaxValue() / 1e6);
    }

    private double seconds(double percentile) {
        return micros.getTotalCount() == 0 ? 0 : micros.getValueAtPercentile(percentile) / 1e6;
    }
}
