package io.plinth.kvcache.keyspace;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: a hierarchical timer wheel of entries, four levels of 64 buckets, 50 ms a tick.
 *
 * <p>A key whose expiry moves later keeps its place and is armed again when that comes up; one that moves earlier gets a
 * second place. Removed keys leave by themselves; when such leftovers outnumber the keys, the owner rebuilds.
 */
final class ExpiryWheel {
    static final int TICK_MILLIS = 50;

    private static final int BITS = 6;
    private static final int BUCKETS = 1 << BITS;
    private static final int LEVELS = 4;
    private static final int SPAN = 1 << (BITS * LEVELS);
    /** A jump of more ticks than this is cheaper by a rebuild than by walking. */
    private static final int MAX_WALK = 4096;

    private final long start;
    private int current;
    private int places;
    private @Nullable Entry @Nullable [] @Nullable [] buckets;
    private int[] counts = new int[0];

    ExpiryWheel(long startMillis) {
        this.start = startMillis;
    }

    /** What the wheel asks of its owner. */
    interface Owner {
        /** Removes a key whose time has come. */
        void expire(Entry entry);

        /** Arms every key that has an expiry, anew. */
        void rearm();
    }

    /** How many places are taken, leftovers included. */
    int places() {
        return places;
    }

    /** Sees to it that the entry is looked at when its time has come. */
    void arm(Entry entry) {
        // The first tick that starts after the last millisecond the key is there.
        long wanted = Math.ceilDiv(Math.max(0, entry.expireAt + 1 - start), TICK_MILLIS);
        int tick = (int) Math.max(current + 1L, Math.min(wanted, current + SPAN - 1L));
        if (entry.timerTick > current && entry.timerTick <= tick) {
            return;
        }
        entry.timerTick = tick;
        insert(entry, tick);
    }

    private void insert(Entry entry, int tick) {
        if (buckets == null) {
            buckets = new Entry[LEVELS * BUCKETS][];
            counts = new int[LEVELS * BUCKETS];
        }
        int delta = tick - current;
        int level = delta < BUCKETS ? 0 : delta < BUCKETS * BUCKETS ? 1 : delta < BUCKETS * BUCKETS * BUCKETS ? 2 : 3;
        int bucket = level * BUCKETS + ((tick >>> (BITS * level)) & (BUCKETS - 1));
        @Nullable Entry @Nullable [] slots = buckets[bucket];
        int count = counts[bucket];
        if (slots == null) {
            slots = new Entry[4];
            buckets[bucket] = slots;
        } else if (count == slots.length) {
            slots = Arrays.copyOf(slots, count << 1);
            buckets[bucket] = slots;
        }
        slots[count] = entry;
        counts[bucket] = count + 1;
        places++;
    }

    /** Forgets every place; the owner arms again. */
    void reset(long nowMillis) {
        buckets = null;
        counts = new int[0];
        places = 0;
        current = Math.max(current, tickAt(nowMillis));
    }

    private int tickAt(long nowMillis) {
        return Math.clamp((nowMillis - start) / TICK_MILLIS, 0, Integer.MAX_VALUE - SPAN);
    }

    /** Expires what is due, at most {@code budget} keys; answers whether it got through. */
    boolean advance(long nowMillis, int budget, Owner owner) {
        int target = tickAt(nowMillis);
        if (places == 0) {
            current = Math.max(current, target);
            return true;
        }
        if (target - current > MAX_WALK) {
            reset(nowMillis - TICK_MILLIS);
            owner.rearm();
        }
        int left = budget;
        while (current < target) {
            left = drain(current & BUCKETS - 1, nowMillis, left, owner);
            if (left == 0) {
                return false;
            }
            current++;
            cascade(nowMillis, owner);
        }
        left = drain(current & BUCKETS - 1, nowMillis, left, owner);
        return left > 0;
    }

    /** Empties the current tick's bucket from its end; answers what is left of the budget. */
    private int drain(int bucket, long nowMillis, int budget, Owner owner) {
        int left = budget;
        while (left > 0) {
            @Nullable Entry @Nullable [] @Nullable [] all = buckets;
            @Nullable Entry @Nullable [] slots = all == null ? null : all[bucket];
            if (all == null || slots == null) {
                return left;
            }
            int count = counts[bucket];
            Entry entry = slots[count - 1];
            slots[count - 1] = null;
            counts[bucket] = count - 1;
            places--;
            if (count == 1) {
                all[bucket] = null;
            }
            if (entry != null && fire(entry, nowMillis, owner)) {
                left--;
            }
        }
        return left;
    }

    private boolean fire(Entry entry, long nowMillis, Owner owner) {
        if (entry.dead || entry.expireAt == Entry.NEVER) {
            entry.timerTick = 0;
            return false;
        }
        if (nowMillis > entry.expireAt) {
            owner.expire(entry);
            return true;
        }
        if (entry.timerTick <= current) {
            arm(entry);
        }
        return false;
    }

    /** Moves the buckets whose range begins at the current tick one level down. */
    private void cascade(long nowMillis, Owner owner) {
        for (int level = 1; level < LEVELS && (current & ((1 << (BITS * level)) - 1)) == 0; level++) {
            int bucket = level * BUCKETS + ((current >>> (BITS * level)) & (BUCKETS - 1));
            @Nullable Entry @Nullable [] slots = buckets == null ? null : buckets[bucket];
            if (slots == null || buckets == null) {
                continue;
            }
            int count = counts[bucket];
            buckets[bucket] = null;
            counts[bucket] = 0;
            places -= count;
            for (int i = 0; i < count; i++) {
                Entry entry = slots[i];
                if (entry != null && entry.timerTick >= current && !entry.dead) {
                    insert(entry, entry.timerTick);
                } else if (entry != null) {
                    fire(entry, nowMillis, owner);
                }
            }
        }
    }
}
