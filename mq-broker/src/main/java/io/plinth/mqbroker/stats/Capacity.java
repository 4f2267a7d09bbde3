package io.plinth.mqbroker.stats;

/**
 * Owned by its shard's loop. For how much of the time the consumers of a queue had room for what it could hand out: RabbitMQ's
 * {@code consumer_capacity}, and as there the past counts for less the longer it is ago, by a factor e each second. Costs a message nothing but a
 * look at a flag.
 */
public final class Capacity {
    private static final double WEIGHED_NANOS = 1e9;

    private boolean lacking;
    /** Up to when the average is made, nanoseconds. */
    private long at;

    private double average = 1;

    /** There is a consumer where there was none. */
    public void began(long nanos) {
        lacking = false;
        at = nanos;
        average = 1;
    }

    /** A consumer took a message, or nothing waits for one. */
    public void free(long nanos) {
        if (lacking) {
            fold(nanos);
            lacking = false;
        }
    }

    /** A message waits, and no consumer has room. */
    public void lacks(long nanos) {
        if (!lacking) {
            fold(nanos);
            lacking = true;
        }
    }

    /** From 0 to 1. */
    public double fraction(long nanos) {
        fold(nanos);
        return average;
    }

    private void fold(long nanos) {
        long passed = nanos - at;
        if (passed > 0) {
            double past = Math.exp(-passed / WEIGHED_NANOS);
            average = average * past + (lacking ? 0 : 1 - past);
            at = nanos;
        }
    }
}
