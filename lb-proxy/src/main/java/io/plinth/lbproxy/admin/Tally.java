package io.plinth.lbproxy.admin;

import java.util.concurrent.atomic.AtomicLongArray;

/** A few counters that one event loop adds to, at the price of plain adds, and any thread may read. */
public final class Tally {
    private final AtomicLongArray counts;

    public Tally(int size) {
        counts = new AtomicLongArray(size);
    }

    /** Adds; on the owning loop only. */
    public void add(int index, long amount) {
        counts.setOpaque(index, counts.getPlain(index) + amount);
    }

    public long get(int index) {
        return counts.getOpaque(index);
    }

    public int size() {
        return counts.length();
    }
}
