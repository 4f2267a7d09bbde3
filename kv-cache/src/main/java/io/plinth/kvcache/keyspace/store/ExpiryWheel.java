package io.plinth.kvcache.keyspace.store;

import java.util.Arrays;

/**
 * Guarded by its segment's lock: a hierarchical timer wheel of hashes, four levels of 64 buckets, 50 ms a tick.
 *
 * <p>A place says only that a key with this hash is to be looked at then. A key whose expiry moves later keeps its place and gets
 * another one when that comes up; one that moves earlier gets a second place. Places of removed keys go by themselves; when such
 * leftovers outnumber the keys, the owner rebuilds.
 */
public final class ExpiryWheel {
    /** How fine it is. */
    public static final int TICK_MILLIS = 50;

    private static final int BITS = 6;
    private static final int BUCKETS = 1 << BITS;
    private static final int LEVELS = 4;
    private static final int SPAN = 1 << (BITS * LEVELS);
    /** A jump of more ticks than this is cheaper by a rebuild than by walking. */
    private static final int MAX_WALK = 4096;

    private static final int[] EMPTY = {};

    private final long start;
    private int current;
    private int places;
    private int[][] buckets = {};
    private int[] counts = {};

    /** One whose first tick begins now. */
    public ExpiryWheel(long startMillis) {
        this.start = startMillis;
    }

    /** What the wheel asks of its owner. */
    public interface Owner {
        /** Removes the keys with this hash whose time is over, and arms those whose time is not; answers how many went. */
        int visit(int hash, long nowMillis);

        /** Arms every key that has an expiry, anew. */
        void rearm();
    }

    /** How many places are taken, leftovers included. */
    public int places() {
        return places;
    }

    /** Sees to it that the keys with a hash are looked at once this time is over. */
    public void arm(int hash, long expireAt) {
        insert(hash, tick(expireAt));
    }

    /** The same for a key that had an earlier or later time until now, and has a place for that. */
    public void rearm(int hash, long before, long expireAt) {
        int tick = tick(expireAt);
        if (tick < tick(before)) {
            insert(hash, tick);
        }
    }

    private int tick(long expireAt) {
        // The first tick that starts after the last millisecond the key is there.
        long wanted = Math.ceilDiv(expireAt + 1 - start, TICK_MILLIS);
        return (int) Math.clamp(wanted, current, current + SPAN - 1L);
    }

    private void insert(int hash, int tick) {
        if (buckets.length == 0) {
            buckets = new int[LEVELS * BUCKETS][];
            Arrays.fill(buckets, EMPTY);
            counts = new int[LEVELS * BUCKETS];
        }
        int delta = tick - current;
        int level = delta < BUCKETS ? 0 : delta < BUCKETS * BUCKETS ? 1 : delta < BUCKETS * BUCKETS * BUCKETS ? 2 : 3;
        int bucket = level * BUCKETS + ((tick >>> (BITS * level)) & (BUCKETS - 1));
        int[] hashes = buckets[bucket];
        int count = counts[bucket];
        if (count == hashes.length) {
            hashes = Arrays.copyOf(hashes, Math.max(4, count + (count >> 1)));
            buckets[bucket] = hashes;
        }
        hashes[count] = hash;
        counts[bucket] = count + 1;
        places++;
    }

    /** Forgets every place; the owner arms again. */
    public void reset(long nowMillis) {
        buckets = new int[0][];
        counts = new int[0];
        places = 0;
        current = tickAt(nowMillis);
    }

    /** Negative where the clock was set back to before the wheel began. */
    private int tickAt(long nowMillis) {
        return Math.clamp(
                Math.floorDiv(nowMillis - start, TICK_MILLIS), Integer.MIN_VALUE / 2, Integer.MAX_VALUE - SPAN);
    }

    /** Expires what is due, at most about {@code budget} keys; answers whether it got through. */
    public boolean advance(long nowMillis, int budget, Owner owner) {
        int target = tickAt(nowMillis);
        if (places == 0) {
            current = target;
            return true;
        }
        if ((long) target - current > MAX_WALK || (long) target - current < -BUCKETS) {
            reset(nowMillis - TICK_MILLIS);
            owner.rearm();
        }
        if (target < current) {
            // The clock went back a little, or another loop's was ahead: nothing is due before it is here again.
            return true;
        }
        int left = budget;
        while (current < target) {
            left = drain(current & BUCKETS - 1, nowMillis, left, owner);
            if (left <= 0) {
                return false;
            }
            current++;
            cascade(nowMillis, owner);
        }
        left = drain(current & BUCKETS - 1, nowMillis, left, owner);
        return left > 0;
    }

    /** Takes what is in the current tick's bucket, not what comes there meanwhile; answers what is left of the budget. */
    private int drain(int bucket, long nowMillis, int budget, Owner owner) {
        int left = budget;
        for (int there = counts.length == 0 ? 0 : counts[bucket]; left > 0 && there > 0; there--) {
            int count = --counts[bucket];
            places--;
            int hash = buckets[bucket][count];
            if (count == 0) {
                buckets[bucket] = EMPTY;
            }
            left -= owner.visit(hash, nowMillis);
        }
        return left;
    }

    /** Moves the buckets whose range begins at the current tick one level down. */
    private void cascade(long nowMillis, Owner owner) {
        for (int level = 1; level < LEVELS && (current & ((1 << (BITS * level)) - 1)) == 0; level++) {
            int bucket = level * BUCKETS + ((current >>> (BITS * level)) & (BUCKETS - 1));
            if (counts.length == 0 || counts[bucket] == 0) {
                continue;
            }
            int[] hashes = buckets[bucket];
            int count = counts[bucket];
            buckets[bucket] = EMPTY;
            counts[bucket] = 0;
            places -= count;
            for (int i = 0; i < count; i++) {
                owner.visit(hashes[i], nowMillis);
            }
        }
    }
}
