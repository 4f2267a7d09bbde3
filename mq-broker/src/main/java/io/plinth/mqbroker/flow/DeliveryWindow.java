package io.plinth.mqbroker.flow;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much may be outstanding at once: deliveries of a channel, or octets of a connection. Shards take from any loop, the connection's
 * loop gives back; who was refused is told through {@link #starved}, so that the connection asks the shards to go on.
 */
public final class DeliveryWindow {
    private final AtomicLong taken = new AtomicLong();
    private volatile long limit;
    private volatile boolean starved;

    public DeliveryWindow(long limit) {
        this.limit = limit;
    }

    /** Changed by the connection's loop. */
    public void limit(long value) {
        limit = value;
    }

    /** Takes the amount if anything is left; the last taker may go past the limit, so that one large message is not stuck. */
    public boolean tryTake(long amount) {
        if (taken.get() >= limit) {
            starved = true;
            // What was given back in between is not seen as given to anybody: look again.
            if (taken.get() >= limit) {
                return false;
            }
        }
        taken.addAndGet(amount);
        return true;
    }

    /** Whether the taker has more than its share of what is short; it is told when it gave something back. */
    public boolean beyond(long share) {
        if (taken.get() < share) {
            return false;
        }
        starved = true;
        return true;
    }

    /** Takes past the limit: basic.get is not bounded by prefetch, but counts. */
    public void takeAnyway(long amount) {
        taken.addAndGet(amount);
    }

    /** Gives back. */
    public void give(long amount) {
        taken.addAndGet(-amount);
    }

    /** Whether somebody was refused and there is room again; asking clears it. */
    public boolean wakeStarved() {
        if (starved && taken.get() < limit) {
            starved = false;
            return true;
        }
        return false;
    }

    public long taken() {
        return taken.get();
    }
}
