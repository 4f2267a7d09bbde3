package io.plinth.kvcache.session;

import io.plinth.kvcache.keyspace.write.Durability;

/**
 * Owned by the connection's event loop: keeps replies back until the changes they tell of are on disk. A read's commands share one
 * wait; a read that changed nothing waits for nothing, unless somebody else changed something just then.
 */
public final class SyncGate {
    private final Durability durability;
    private long seen;
    private long needed;
    private long awaited;
    private boolean closed;

    public SyncGate(Durability durability) {
        this.durability = durability;
    }

    /** Commands are about to run. */
    public void begins() {
        seen = durability.position();
    }

    /** A command of this client was run by somebody else. */
    public void answered() {
        needed = durability.position();
    }

    /** Commands ran since {@link #begins}. */
    public void ran() {
        long now = durability.position();
        if (now != seen) {
            seen = now;
            needed = now;
        }
    }

    /** Whether replies have to wait; then {@code opens} runs later, on a thread of the journal. */
    public boolean holdsBack(Runnable opens) {
        if (closed) {
            return true;
        }
        if (needed == 0 || durability.reached(needed)) {
            needed = 0;
            return false;
        }
        closed = true;
        awaited = needed;
        durability.whenReached(needed, opens);
        return true;
    }

    /** The wait is over; answers whether what was waited for is on disk. */
    public boolean opened() {
        closed = false;
        return durability.reached(awaited);
    }

    /** Whether replies wait. */
    public boolean closed() {
        return closed;
    }
}
