package io.plinth.kvcache.loader.behind;

import java.util.concurrent.atomic.LongAdder;

/** Counted by any thread: what came of writes. */
public final class BehindCounts {
    final LongAdder handedOn = new LongAdder();
    final LongAdder failures = new LongAdder();
    final LongAdder coalesced = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder setAside = new LongAdder();
    final LongAdder dropped = new LongAdder();

    /** Writes that loaders have. */
    public long handedOn() {
        return handedOn.sum();
    }

    /** Attempts that failed. */
    public long failures() {
        return failures.sum();
    }

    /** Writes whose key had one waiting. */
    public long coalesced() {
        return coalesced.sum();
    }

    /** Writes that loaders refused for good and that were set aside. */
    public long setAside() {
        return setAside.sum();
    }

    /** Those there was no room for. */
    public long dropped() {
        return dropped.sum();
    }

    /** Writes that were refused, or found no room in time. */
    public long refused() {
        return refused.sum();
    }
}
