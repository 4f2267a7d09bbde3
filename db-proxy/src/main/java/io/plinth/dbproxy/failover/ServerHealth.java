package io.plinth.dbproxy.failover;

/**
 * What the last probe of a server said. Immutable.
 *
 * @param up whether it answered
 * @param recovering whether it is a standby
 * @param position bytes of write-ahead log written (primary) or replayed (standby)
 * @param freshAsOf for a standby: it has replayed all that its primary had at this {@code nanoTime}
 * @param timeline of a primary: a later one has been promoted after an earlier one; 0 for a standby
 * @param problem why not up, or empty
 */
public record ServerHealth(
        boolean up, boolean recovering, long position, long freshAsOf, long timeline, String problem) {
    static ServerHealth unknown(long nowNanos) {
        return new ServerHealth(false, false, 0, nowNanos, 0, "not asked yet");
    }

    /** Whether it is known to take writes. */
    public boolean leads() {
        return up && !recovering;
    }

    ServerHealth down(String why) {
        return new ServerHealth(false, recovering, position, freshAsOf, timeline, why);
    }
}
