package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.store.Databases;

/**
 * How many keys each database that clients name has, and how many of them have an expiry; owned by one command, which counts when it first asks. All
 * databases are counted in one pass over the segments, each under its lock.
 */
public final class KeySums {
    private final Keyspace keyspace;
    private final Databases.Order order;
    private final long[] keys = new long[Keyspace.DATABASES];
    private final long[] expiring = new long[Keyspace.DATABASES];
    private final long[] expireAts = new long[Keyspace.DATABASES];
    private boolean counted;

    public KeySums(Keyspace keyspace) {
        this.keyspace = keyspace;
        this.order = keyspace.databases().now();
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

    /** How long those have left in the mean, in milliseconds; 0 where there is none. */
    public long averageTtl(int db, long nowMillis) {
        count();
        return expiring[db] == 0 ? 0 : Math.max(0, expireAts[db] / expiring[db] - nowMillis);
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
            int stored = order.stored(db);
            keys[db] += segment.counted().database(stored);
            expiring[db] += segment.counted().expiring(stored);
            expireAts[db] += segment.counted().expireAts(stored);
        }
    }
}
