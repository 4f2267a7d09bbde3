package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;

/**
 * How many keys each database has, and how many of them have an expiry; owned by one command, which counts when it first asks. All
 * databases are counted in one pass over the segments, each under its lock.
 */
public final class KeySums {
    private final Keyspace keyspace;
    private final long[] keys = new long[Keyspace.DATABASES];
    private final long[] expiring = new long[Keyspace.DATABASES];
    private boolean counted;

    public KeySums(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Keys of a database. */
    public long keys(int db) {
        count();
        return keys[db];
    }

    /** How many of them have an expiry. */
    public long expiring(int db) {
        count();
        return expiring[db];
    }

    /** Bytes that all of them take beside their values. */
    public long overhead() {
        long sum = 0;
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            sum += keys(db) * Keyspace.KEY_SHARE + expiring(db) * Keyspace.EXPIRY_SHARE;
        }
        return sum;
    }

    private void count() {
        if (!counted) {
            counted = true;
            keyspace.each(this::add);
        }
    }

    private void add(Segment segment) {
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            keys[db] += segment.keys(db);
            expiring[db] += segment.counted().expiring(db);
        }
    }
}
