package io.plinth.mqbroker.stats;

import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. What is counted of one queue. */
public final class QueueStats {
    private final Counts counts = new Counts();
    private final Arrivals arrivals = new Arrivals();
    private @Nullable Latency confirms;
    private long persistent;
    private long unackedBytes;

    public Counts counts() {
        return counts;
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

    /** Latencies of confirms, made with the first. */
    public Latency confirms() {
        Latency known = confirms;
        if (known == null) {
            known = new Latency();
            confirms = known;
        }
        return known;
    }

    public @Nullable Latency confirmed() {
        return confirms == null ? null : confirms.copy();
    }
}
