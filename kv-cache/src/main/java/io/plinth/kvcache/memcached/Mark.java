package io.plinth.kvcache.memcached;

/** Guarded by its key's segment lock: what memcached knows of a key beside value and expiry. */
final class Mark {
    final int flags;
    long cas;
    boolean stale;
    /** Somebody was told to make the value anew. */
    boolean won;

    boolean fetched;
    long usedMillis;

    Mark(int flags, long cas, long nowMillis) {
        this.flags = flags;
        this.cas = cas;
        this.usedMillis = nowMillis;
    }
}
