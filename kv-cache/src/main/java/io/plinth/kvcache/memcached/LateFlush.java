package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.SegmentsHeldException;

/** Owned by the loop that ticks: does what {@code flush_all} put off, in several steps where a script holds a segment for long. */
final class LateFlush {
    private static final int NOTHING = -1;

    private final Store store;
    private final Statistics statistics;
    /** The segment to be emptied next. */
    private int next = NOTHING;
    /** What is emptied, by its number in records: the one that was database 0 when the flush was due. */
    private int database;

    LateFlush(Store store, Statistics statistics) {
        this.store = store;
        this.statistics = statistics;
    }

    /** Begins what is due, and goes on where it came to; a later plan stays as it is. What a Redis that is followed has stays. */
    void tick(long nowMillis) {
        if (statistics.flushDue(nowMillis)) {
            next = 0;
            database = store.db();
        }
        if (next == NOTHING || store.isReadOnly()) {
            next = NOTHING;
            return;
        }
        try {
            while (next < Keyspace.SEGMENTS) {
                store.flush(next, database);
                next++;
            }
            store.flushed(database);
            next = NOTHING;
        } catch (SegmentsHeldException e) {
            // With the next tick: what was emptied may have new keys by then, which are none of the flush's.
            return;
        }
    }
}
