package io.plinth.kvcache.keyspace.store;

import java.util.Arrays;

/**
 * Guarded by its segment's lock: a hierarchical timer wheel of hashes, four levels of 64 buckets, 10 ms a tick.
 *
 * <p>A place says only that a key with this hash is to be looked at then. A key whose expiry moves later keeps its place and gets
 * another one when that comes up; one that moves earlier gets a second place. Places of removed keys go by themselves; when such
 * leftovers outnumber the keys, the owner rebuilds.
 *
 * <p>A bucket of a higher level is spread over the lower ones a piece at a time, and segments begin their ranges at different
 * moments, so that no single visit is long.
 */
public final class ExpiryWheel {
    /** How fine it is. */
    public static final int TICK_MILLIS = 10;

    private static final int BITS = 6;
    private static final int BUCKETS = 1 << BITS;
    private static final int LEVELS = 4;
    private static final int SPAN = 1 << (BITS * LEVELS);
    /** A jump of more ticks than this is cheaper by a rebuild than by walking. */
    private static final int MAX_WALK = 4096;
    /** How far the clock may be behind before the wheel is rebuilt rather than waits. */
    private static final int MAX_BACK = 320;
    /** Between the begins of two segments' ranges: odd, so that they differ on every level. */
    private static final int PHASE_TICKS = 17;

    private static final int SLACK = 1024;

    private static final int[] EMPTY = {};

    private final long start;
    /** A long, as 2^31 ticks are over after 248 days; only its lowest 24 bits say which buckets. */
    private long current;

    private int places;
    private int armed;
    private int[][] buckets = {};
    private int[] counts = {};
    /** What is being spread: one level's bucket behind the other. */
    private int[] moving = EMPTY;

    private int moved;

    /** The {@code number}th of those that begin now; its ticks are counted from a little earlier than those of the one before. */
    public ExpiryWheel(long nowMillis, int number) {
        this.start = nowMillis - (long) number * PHASE_TICKS * TICK_MILLIS;
        this.current = tickAt(nowMillis);
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
        long tick = tick(expireAt);
        if (tick < tick(before)) {
            insert(hash, tick);
        }
    }

    private long tick(long expireAt) {
        // The first tick that starts after the last millisecond the key is there.
        long wanted = Math.ceilDiv(expireAt + 1 - start, TICK_MILLIS);
        return Math.clamp(wanted, current, current + SPAN - 1L);
    }

    private void insert(int hash, long tick) {
        if (buckets.length == 0) {
            buckets = new int[LEVELS * BUCKETS][];
            Arrays.fill(buckets, EMPTY);
            counts = new int[LEVELS * BUCKETS];
        }
        int delta = (int) (tick - current);
        int level = delta < BUCKETS ? 0 : delta < BUCKETS * BUCKETS ? 1 : delta < BUCKETS * BUCKETS * BUCKETS ? 2 : 3;
        int bucket = level * BUCKETS + slot(tick, level);
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

    /** Begins anew where places of what is gone outnumber the others: {@code expiring}, or as many as there were when it last did. */
    public void tidy(long expiring, long nowMillis, Owner owner) {
        if (places > 2 * Math.max(expiring, armed) + SLACK) {
            reset(nowMillis);
            owner.rearm();
            armed = places;
        }
    }

    /** Forgets every place; the owner arms again. */
    public void reset(long nowMillis) {
        buckets = new int[0][];
        counts = new int[0];
        moving = EMPTY;
        moved = 0;
        places = 0;
        current = tickAt(nowMillis);
    }

    /** Negative where the clock was set back to before the wheel began. */
    private long tickAt(long nowMillis) {
        return Math.floorDiv(nowMillis - start, TICK_MILLIS);
    }

    /** Which of a level's buckets a tick is in. */
    private static int slot(long tick, int level) {
        return (int) (tick >>> (BITS * level)) & (BUCKETS - 1);
    }

    /** Looks at what is due, about {@code budget} places; answers whether it got through. */
    public boolean advance(long nowMillis, int budget, Owner owner) {
        long target = tickAt(nowMillis);
        if (places == 0) {
            current = target;
            return true;
        }
        if (target - current > MAX_WALK || target - current < -MAX_BACK) {
            reset(nowMillis - TICK_MILLIS);
            owner.rearm();
        }
        if (target < current) {
            // The clock went back a little, or another loop's was ahead: nothing is due before it is here again.
            return true;
        }
        int left = spread(nowMillis, budget, owner);
        while (left > 0 && current < target) {
            left = drain(slot(current, 0), nowMillis, left, owner);
            if (left > 0) {
                current++;
                cascade();
                left = spread(nowMillis, left, owner);
            }
        }
        return left > 0 && drain(slot(current, 0), nowMillis, left, owner) > 0;
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
            left -= 1 + owner.visit(hash, nowMillis);
        }
        return left;
    }

    /** Takes the buckets whose range begins at the current tick, to be spread over the levels below. */
    private void cascade() {
        for (int level = 1; level < LEVELS && (current & ((1 << (BITS * level)) - 1)) == 0; level++) {
            int bucket = level * BUCKETS + slot(current, level);
            int count = counts.length == 0 ? 0 : counts[bucket];
            if (count == 0) {
                continue;
            }
            int before = moving.length;
            int[] hashes = buckets[bucket];
            moving = before == 0 && hashes.length == count ? hashes : Arrays.copyOf(moving, before + count);
            System.arraycopy(hashes, 0, moving, before, count);
            buckets[bucket] = EMPTY;
            counts[bucket] = 0;
        }
    }

    /** Arms anew what was taken; answers what is left of the budget. */
    private int spread(long nowMillis, int budget, Owner owner) {
        int left = budget;
        while (left > 0 && moved < moving.length) {
            int hash = moving[moved++];
            places--;
            left -= 1 + owner.visit(hash, nowMillis);
        }
        if (moved > 0 && moved >= moving.length) {
            moving = EMPTY;
            moved = 0;
        }
        return left;
    }
}
