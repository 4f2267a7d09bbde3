package io.plinth.kvcache.keyspace;

import java.util.Arrays;

/** Guarded by its segment's lock: what happened in a segment since it was made. */
public final class SegmentCounts {
    private static final long[] LAG_BOUNDS = {5, 10, 25, 50, 75, 100, 250, 500, 1_000, 10_000};

    long hits;
    long misses;
    long expired;
    long evicted;
    /** Of keys the wheel removed: how many went by so many milliseconds late as {@link #LAG_BOUNDS} says, or later than all. */
    final long[] lags = new long[LAG_BOUNDS.length + 1];

    static long[] lagBounds() {
        return LAG_BOUNDS.clone();
    }

    void late(long millis) {
        int i = 0;
        while (i < LAG_BOUNDS.length && millis > LAG_BOUNDS[i]) {
            i++;
        }
        lags[i]++;
    }

    void gone(Change.Kind kind) {
        if (kind == Change.Kind.EXPIRED) {
            expired++;
        } else if (kind == Change.Kind.EVICTED) {
            evicted++;
        }
    }

    void reset() {
        hits = 0;
        misses = 0;
        expired = 0;
        evicted = 0;
        Arrays.fill(lags, 0);
    }
}
