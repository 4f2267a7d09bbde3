package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.store.Records;

/** Hears what each key of a segment takes, under the segment's lock. */
@FunctionalInterface
public interface Charges {
    /** A key takes {@code delta} bytes more; {@code added}: 1 for one that came, -1 for one that goes, 0 for one that stays. */
    void charge(Records records, int hash, int handle, long delta, int added);
}
