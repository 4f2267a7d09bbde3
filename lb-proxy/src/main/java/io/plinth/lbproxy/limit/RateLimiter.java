package io.plinth.lbproxy.limit;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A token bucket for each of a bounded number of keys, kept as the time at which it will be full again (the generic cell
 * rate algorithm of ITU-T I.371). Thread-safe: event loops share it.
 *
 * <p>A key has one of eight places; where all are taken the fullest bucket makes room, which mostly loses nothing. Two
 * loops that meet in one place may let a request too many through, never one too few for long.
 */
public final class RateLimiter {
    private static final int WAYS = 8;

    private final long interval;
    private final long tolerance;
    private final AtomicLongArray keys;
    private final AtomicLongArray full;
    private final int mask;
    private final long base;

    /**
     * Limits to {@code requests} within {@code nanos}.
     *
     * @param burst requests that may come at once
     * @param size keys remembered, rounded up to a power of two
     */
    public RateLimiter(int requests, long nanos, int burst, int size, long now) {
        interval = Math.max(1, nanos / requests);
        tolerance = interval * (burst - 1L);
        int places = Math.max(WAYS, Integer.highestOneBit(Math.max(1, size - 1)) * 2);
        keys = new AtomicLongArray(places);
        full = new AtomicLongArray(places);
        mask = places / WAYS - 1;
        base = now - 1;
    }

    /** Takes a token of a key: 0, or the nanoseconds until there will be one. */
    public long take(long hash, long nanoTime) {
        long key = hash == 0 ? 1 : hash;
        long now = nanoTime - base;
        int place = place(key, now);
        while (true) {
            long before = full.get(place);
            long wait = before - now - tolerance;
            if (wait > 0) {
                return wait;
            }
            if (full.compareAndSet(place, before, Math.max(before, now) + interval)) {
                return 0;
            }
        }
    }

    private int place(long key, long now) {
        long mixed = key * 0x9e3779b97f4a7c15L;
        int first = ((int) (mixed >>> 40) & mask) * WAYS;
        int victim = first;
        long fullest = Long.MAX_VALUE;
        for (int place = first; place < first + WAYS; place++) {
            long held = keys.get(place);
            if (held == key) {
                return place;
            }
            long at = held == 0 ? Long.MIN_VALUE : full.get(place);
            if (at < fullest) {
                fullest = at;
                victim = place;
            }
        }
        keys.set(victim, key);
        full.set(victim, now);
        return victim;
    }
}
