package io.plinth.kvcache.keyspace;

import java.util.Arrays;

/** Guarded by its segment's lock: how many keys a segment has, by database and by slot. */
public final class KeyCounts {
    /** A sum of expiries counts no more than this for one, so that it stays within a long: the year 2109. */
    private static final long FAR = 1L << 42;

    private final int[] slots = new int[Slots.COUNT / Keyspace.SEGMENTS];
    private final int[] databases = new int[Keyspace.DATABASES];
    private final int[] expiring = new int[Keyspace.DATABASES];
    /** Sums of the expiries. */
    private final long[] expireAts = new long[Keyspace.DATABASES];

    private int allExpiring;

    /** {@code slotHigh}: the slot over 256; {@code delta}: 1 for a key that came, -1 for one that went. */
    void count(int slotHigh, int db, int delta) {
        slots[slotHigh] += delta;
        databases[db] += delta;
    }

    /** A key has another expiry, {@link Entry#NEVER} for none. */
    void expires(int db, long before, long after) {
        expires(db, before, -1);
        expires(db, after, 1);
    }

    private void expires(int db, long expireAt, int delta) {
        if (expireAt != Entry.NEVER) {
            expiring[db] += delta;
            allExpiring += delta;
            expireAts[db] += delta * Math.min(expireAt, FAR);
        }
    }

    /** How many keys a slot of the segment has. */
    public int slot(int slot) {
        return slots[slot >> Keyspace.SEGMENT_BITS];
    }

    public int database(int db) {
        return databases[db];
    }

    /** How many keys of a database have an expiry. */
    public int expiring(int db) {
        return expiring[db];
    }

    /** The sum of their expiries in Unix milliseconds, each up to the year 2109. */
    public long expireAts(int db) {
        return expireAts[db];
    }

    int expiring() {
        return allExpiring;
    }

    /** Whether there are so many, however they are counted. */
    boolean are(long keys, long withExpiry) {
        return Arrays.stream(databases).sum() == keys
                && Arrays.stream(slots).sum() == keys
                && Arrays.stream(expiring).sum() == withExpiry
                && allExpiring == withExpiry;
    }
}
