package io.plinth.lbproxy.balance;

import java.util.Arrays;

/**
 * From which latency on an answer is among the slowest: a percentile of what was seen lately, a quarter of an octave exact.
 * Owned by one event loop.
 */
public final class SlowTail {
    private static final int STEPS = 4;
    /** Latencies below a thousand and above some 10^11 nanoseconds are counted as those. */
    private static final int LEAST_BITS = 10;

    private static final int MOST_BITS = 37;
    private static final int MOST = 1 << 14;
    private static final int LOOKS_TO_FADE = 50;

    private final double share;
    private final int least;
    private final int[] counts = new int[(MOST_BITS - LEAST_BITS) * STEPS];
    private int total;
    private int looks;
    private long nanos = -1;

    /**
     * One that knows nothing.
     *
     * @param percentile 95 for the slowest twentieth
     * @param least latencies below which it says nothing
     */
    public SlowTail(int percentile, int least) {
        share = percentile / 100.0;
        this.least = least;
    }

    public void observe(long latency) {
        long value = Math.clamp(latency, 1L << LEAST_BITS, (1L << MOST_BITS) - 1);
        int bits = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
        int step = (int) (value >>> (bits - 2)) & (STEPS - 1);
        counts[(bits - LEAST_BITS) * STEPS + step]++;
        total++;
    }

    /** Works the percentile out anew, and forgets a half of what is old; called a few times a second. */
    public void look() {
        if (++looks % LOOKS_TO_FADE == 0 || total > MOST) {
            total = 0;
            for (int i = 0; i < counts.length; i++) {
                counts[i] /= 2;
                total += counts[i];
            }
        }
        if (total < least) {
            nanos = -1;
            return;
        }
        double rank = Math.ceil(share * Arrays.stream(counts).asLongStream().sum());
        long passed = 0;
        int at = 0;
        while (passed + counts[at] < rank) {
            passed += counts[at++];
        }
        int bits = at / STEPS + LEAST_BITS;
        nanos = (STEPS + at % STEPS + 1L) << (bits - 2);
    }

    /** The latency as of the last look; -1 while too few are known. */
    public long nanos() {
        return nanos;
    }
}
