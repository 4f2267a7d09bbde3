package io.plinth.kvcache.command.stats;

/**
 * Written by one thread, read by others as it stands: how often something took how long, in the layout of an HdrHistogram with two
 * digits from a nanosecond to a second, as Redis has it; what takes longer counts as a second. Its own class because a
 * recorder that is safe for readers costs its writer more than the clock.
 */
public final class LatencyCounts {
    private static final int HALF_BITS = 7;
    private static final int HALF = 1 << HALF_BITS;
    private static final long MOST_NANOS = 1_000_000_000L;
    private static final int SIZE = index(MOST_NANOS) + 1;

    private final long[] counts = new long[SIZE];

    /** Sees one step of a distribution. */
    @FunctionalInterface
    public interface Step {
        /** So many took at most so many nanoseconds. */
        void upTo(long nanos, long count);
    }

    static int index(long nanos) {
        long value = Math.clamp(nanos, 0, MOST_NANOS);
        int bucket = Long.SIZE - HALF_BITS - 1 - Long.numberOfLeadingZeros(value | (2 * HALF - 1));
        return (bucket << HALF_BITS) + (int) (value >>> bucket);
    }

    /** The longest time that is counted at an index. */
    static long highest(int index) {
        int bucket = Math.max(0, (index >> HALF_BITS) - 1);
        return ((long) (index - (bucket << HALF_BITS) + 1) << bucket) - 1;
    }

    void add(long nanos) {
        counts[index(nanos)]++;
    }

    void add(LatencyCounts other, int sign) {
        for (int i = 0; i < SIZE; i++) {
            counts[i] += sign * other.counts[i];
        }
    }

    /** How many there are. */
    public long total() {
        long total = 0;
        for (long count : counts) {
            total += count;
        }
        return total;
    }

    /** What so many of a hundred took at most, in nanoseconds; 0 without any. */
    public long percentile(double percent) {
        long total = total();
        long wanted = Math.max(1, (long) (Math.min(100, percent) / 100 * total + 0.5));
        long seen = 0;
        for (int i = 0; i < SIZE && total > 0; i++) {
            seen += counts[i];
            if (seen >= wanted) {
                return highest(i);
            }
        }
        return 0;
    }

    /** Visits the distribution at 1.024 microseconds and each double of that, where more took at most that long than at the step before. */
    public void logarithmic(Step step) {
        long seen = 0;
        long told = 0;
        int at = 0;
        for (long level = 1 << 10; at < SIZE; level <<= 1) {
            int last = Math.min(SIZE - 1, level > MOST_NANOS ? SIZE - 1 : index(level));
            for (; at <= last; at++) {
                seen += counts[at];
            }
            if (seen > told) {
                step.upTo(highest(last), seen);
                told = seen;
            }
        }
    }
}
