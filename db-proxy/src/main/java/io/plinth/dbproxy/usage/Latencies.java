package io.plinth.dbproxy.usage;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Latencies in microseconds, to two digits, of the last one to two minutes. Each event loop records by itself; whoever reads
 * puts them together.
 */
public final class Latencies {
    private static final int DIGITS = 2;
    private static final long MOST_MICROS = 3_600_000_000L;
    private static final long WINDOW_NANOS = 60_000_000_000L;

    private final LongSupplier nanoTime;
    private final List<Recorder> recorders = new ArrayList<>();
    private Histogram current = new Histogram(DIGITS);
    private Histogram previous = new Histogram(DIGITS);
    private long count;
    private double sumSeconds;
    private long since;

    /** What a reader sees: percentiles in seconds of late, count and sum since the start. */
    public record Reading(double[] seconds, long count, double sumSeconds) {}

    /** One loop's. */
    public static final class Recorder {
        private final SingleWriterRecorder recorder = new SingleWriterRecorder(DIGITS);

        public void record(long nanos) {
            recorder.recordValue(Math.clamp(nanos / 1_000, 0, MOST_MICROS));
        }
    }

    public Latencies(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        since = nanoTime.getAsLong();
    }

    /** A recorder for one event loop. */
    public synchronized Recorder open() {
        Recorder made = new Recorder();
        recorders.add(made);
        return made;
    }

    /** Nothing is recorded with it any more; whether it was the last one. */
    public synchronized boolean close(Recorder recorder) {
        take(recorder);
        recorders.remove(recorder);
        return recorders.isEmpty();
    }

    private void take(Recorder recorder) {
        Histogram interval = recorder.recorder.getIntervalHistogram();
        if (interval.getTotalCount() > 0) {
            count += interval.getTotalCount();
            sumSeconds += interval.getMean() * interval.getTotalCount() / 1e6;
            current.add(interval);
        }
    }

    public synchronized Reading read(double... percentiles) {
        long now = nanoTime.getAsLong();
        if (now - since > WINDOW_NANOS) {
            since = now;
            previous = current;
            current = new Histogram(DIGITS);
        }
        recorders.forEach(this::take);
        Histogram both = current.copy();
        both.add(previous);
        double[] seconds = new double[percentiles.length];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = both.getTotalCount() == 0 ? Double.NaN : both.getValueAtPercentile(percentiles[i]) / 1e6;
        }
        return new Reading(seconds, count, sumSeconds);
    }
}
