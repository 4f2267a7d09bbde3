package io.plinth.kvcache.pattern;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Shared by all threads: what was counted for one pattern, or for the keys without one. */
public final class PatternCounts {
    /** Leases that were granted. */
    public final LongAdder leases = new LongAdder();
    /** Readers that waited for who has the lease. */
    public final LongAdder leaseWaits = new LongAdder();
    /** Stale values that were given out. */
    public final LongAdder stale = new LongAdder();
    /** Reads answered by a remembered absence. */
    public final LongAdder negative = new LongAdder();
    /** Keys evicted for the pattern's own quota. */
    public final LongAdder quotaEvicted = new LongAdder();
    /** Writes refused for it. */
    public final LongAdder quotaRefused = new LongAdder();
    /** Questions to the loader. */
    public final LongAdder loads = new LongAdder();
    /** Readers that shared somebody else's question. */
    public final LongAdder coalesced = new LongAdder();
    /** Loads that failed. */
    public final LongAdder loadFailures = new LongAdder();
    /** Writes that the loader accepted. */
    public final LongAdder stores = new LongAdder();
    /** Writes that it did not. */
    public final LongAdder storeFailures = new LongAdder();

    /** What the keys take, where there is a quota. */
    final AtomicLong bytes = new AtomicLong();
    /** How many they are, where there is a quota. */
    final AtomicLong keys = new AtomicLong();

    /** What the keys take; 0 where there is no quota. */
    public long bytes() {
        return Math.max(0, bytes.get());
    }

    /** How many there are; 0 where there is no quota. */
    public long keys() {
        return Math.max(0, keys.get());
    }
}
