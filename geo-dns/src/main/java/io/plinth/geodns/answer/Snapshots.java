package io.plinth.geodns.answer;

import io.plinth.geodns.policy.Health;

/** The snapshot in use. Read by every loop; changed under this object's lock by whoever loads or hears of health. */
public final class Snapshots {
    private final Health health;
    private volatile Snapshot current = Snapshot.EMPTY;

    /** Begins with no zones. */
    public Snapshots(Health health) {
        this.health = health;
    }

    public Snapshot current() {
        return current;
    }

    /** Swaps to another snapshot, under what is healthy now. */
    public synchronized void publish(Snapshot next) {
        current = next.withHealth(health);
    }

    /** Swaps to the same zones and policies under what is healthy now. */
    public synchronized void healthChanged() {
        current = current.withHealth(health);
    }
}
