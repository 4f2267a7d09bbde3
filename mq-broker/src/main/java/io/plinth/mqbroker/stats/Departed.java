package io.plinth.mqbroker.stats;

import java.util.List;

/** Guarded by itself. What was counted of queues and channels that are there no more: sums go on with it. */
public final class Departed {
    private final Counts counts = new Counts();

    public synchronized void add(Counts others, List<Counts.Kind> kinds) {
        counts.addAll(others, kinds);
    }

    public synchronized Counts copy() {
        return counts.copy();
    }
}
