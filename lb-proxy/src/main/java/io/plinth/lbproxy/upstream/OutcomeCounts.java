package io.plinth.lbproxy.upstream;

import java.util.concurrent.atomic.AtomicLongArray;

/** What came of requests, counted by each event loop in a line of its own and summed by whoever asks. */
public final class OutcomeCounts {
    /** Status classes, from none to 5xx. */
    public static final int CLASSES = 6;

    private static final int FAILED = CLASSES;
    private static final int ENDED = CLASSES + 1;
    /** A loop's counters are this far from the next one's, so that two loops do not write to one cache line. */
    private static final int STRIDE = 16;

    private final AtomicLongArray counts;
    private final int loops;

    OutcomeCounts(int loops) {
        this.loops = loops;
        counts = new AtomicLongArray(loops * STRIDE);
    }

    /** Counts a request's end; on the loop of that index only. */
    void add(int loop, int status, boolean failed) {
        int base = loop * STRIDE;
        increment(base + Math.clamp(status / 100, 0, CLASSES - 1));
        increment(base + ENDED);
        if (failed) {
            increment(base + FAILED);
        }
    }

    private void increment(int index) {
        counts.setOpaque(index, counts.getPlain(index) + 1);
    }

    /** Requests that ended with a status of a class. */
    public long ofClass(int statusClass) {
        return sum(statusClass);
    }

    long ended() {
        return sum(ENDED);
    }

    long failed() {
        return sum(FAILED);
    }

    private long sum(int offset) {
        long sum = 0;
        for (int loop = 0; loop < loops; loop++) {
            sum += counts.getOpaque(loop * STRIDE + offset);
        }
        return sum;
    }
}
