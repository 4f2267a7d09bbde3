package io.plinth.mqbroker.stats;

import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. What is counted of one queue. */
public final class QueueStats {
    private final Counts counts = new Counts();
    private final Arrivals arrivals = new Arrivals();
    private final Capacity capacity = new Capacity();
    private @Nullable Latency confirms;
    private boolean refused;
    private long persistent;
    private long unackedBytes;

    public Counts counts() {
        return counts;
    }

    /** For how much of the time its consumers have room. */
    public Capacity capacity() {
        return capacity;
    }

    /** So many messages were there at the start, since when nobody knows. */
    public void restored(long count, long now) {
        arrivals.came(0, now);
        persistent += count;
    }

    /** A message came. */
    public void entered(long id, boolean durable, long now) {
        arrivals.came(id, now);
        persistent += durable ? 1 : 0;
    }

    /** A message left for good. */
    public void left(boolean durable) {
        persistent -= durable ? 1 : 0;
    }

    /** So many octets more are with consumers, or fewer. */
    public void unacked(long bytes) {
        unackedBytes += bytes;
    }

    public long persistent() {
        return persistent;
    }

    public long unackedBytes() {
        return unackedBytes;
    }

    /** When the message came, about. */
    public long cameAt(long id, long otherwise) {
        return arrivals.cameAt(id, otherwise);
    }

    /** A publish was confirmed after so long; kept where there is a histogram left for this queue. */
    public void confirmed(long nanos, HistogramBudget budget) {
        Latency known = confirms;
        if (known == null && !refused) {
            known = budget.take();
            confirms = known;
            refused = known == null;
        }
        if (known != null) {
            known.record(nanos);
        }
    }

    /** The queue is gone. */
    public void ended(HistogramBudget budget) {
        if (confirms != null) {
            budget.give();
            confirms = null;
        }
    }

    public @Nullable Latency confirmed() {
        return confirms == null ? null : confirms.copy();
    }
}
