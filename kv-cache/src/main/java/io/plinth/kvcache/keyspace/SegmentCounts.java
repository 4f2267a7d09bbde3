package io.plinth.kvcache.keyspace;

/** Guarded by its segment's lock: what happened in a segment since it was made. */
public final class SegmentCounts {
    long hits;
    long misses;
    long expired;
    long evicted;

    void reset() {
        hits = 0;
        misses = 0;
        expired = 0;
        evicted = 0;
    }
}
