package io.plinth.dbproxy.failover;

/**
 * What the last probe of a server said. Immutable.
 *
 * @param up whether it answered
 * @param recovering whether it is a standby
 * @param position bytes of write-ahead log written (primary) or replayed (standby)
 * @param freshAsOf for a standby: it has replayed all that its primary had at this {@code nanoTime}
 * @param problem why not up, or empty
 */
public record ServerHealth(boolean up, boolean recovering, long position, long freshAsOf, String problem) {
    static ServerHealth unknown(long nowNanos) {
        return new ServerHealth(false, false, 0, nowNanos, "not asked yet");
    }

    ServerHealth down(String why) {
        return new ServerHealth(false, recovering, position, freshAsOf, why);
    }
}
