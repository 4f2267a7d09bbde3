package io.plinth.lbproxy.measure;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Latencies in microseconds, to two digits, of the last one to two minutes. Each event loop records into a histogram of
 * its own, made when it has its first value; whoever reads merges them.
 */
public final class Latencies {
    private static final int DIGITS = 2;
    private static final long MOST_MICROS = 3_600_000_000L;
    private static final long WINDOW_NANOS = 60_000_000_000L;

    private final AtomicReferenceArray<SingleWriterRecorder> loops;
    private final LongSupplier nanoTime;
    private Histogram current = new Histogram(DIGITS);
    private Histogram previous = new Histogram(DIGITS);
    private long count;
    private double sumSeconds;
    private long since;

    /** What a reader sees. */
    public record Reading(double[] seconds, long count, double sumSeconds) {}

    public Latencies(int loops, LongSupplier nanoTime) {
        this.loops = new AtomicReferenceArray<>(loops);
        this.nanoTime = nanoTime;
        since = nanoTime.getAsLong();
    }

    /** Adds one; on the loop of that index only. */
    public void record(int loop, long nanos) {
        SingleWriterRecorder recorder = loops.getPlain(loop);
        if (recorder == null) {
            recorder = new SingleWriterRecorder(DIGITS);
            loops.setRelease(loop, recorder);
        }
        recorder.recordValue(Math.clamp(nanos / 1_000, 0, MOST_MICROS));
    }

    /** Percentiles in seconds; count and sum of everything so far. */
    public synchronized Reading read(double... percentiles) {
        long now = nanoTime.getAsLong();
        if (now - since > WINDOW_NANOS) {
            since = now;
            previous = current;
            current = new Histogram(DIGITS);
        }
        for (int i = 0; i < loops.length(); i++) {
            SingleWriterRecorder recorder = loops.getAcquire(i);
            if (recorder != null) {
                Histogram interval = recorder.getIntervalHistogram();
                count += interval.getTotalCount();
                sumSeconds += interval.getTotalCount() == 0 ? 0 : interval.getMean() * interval.getTotalCount() / 1e6;
                current.add(interval);
            }
        }
        Histogram both = current.copy();
        both.add(previous);
        double[] seconds = new double[percentiles.length];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = both.getTotalCount() == 0 ? Double.NaN : both.getValueAtPercentile(percentiles[i]) / 1e6;
        }
        return new Reading(seconds, count, sumSeconds);
    }
}
