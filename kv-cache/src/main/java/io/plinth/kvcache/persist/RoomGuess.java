package io.plinth.kvcache.persist;

import java.util.concurrent.TimeUnit;

/**
 * Owned by the thread that saves: whether a snapshot is tried that may have no room. What it takes is guessed from the last one and from
 * memory, and may be far less: so it does not count for ever.
 */
final class RoomGuess {
    private static final long COUNTS_NANOS = TimeUnit.MINUTES.toNanos(10);

    private boolean lacking;
    private long since;

    /** Whether to try, where {@code room} is the guess. */
    boolean allows(boolean room, long nanos) {
        if (!room && !lacking) {
            lacking = true;
            since = nanos;
        }
        if (!room && nanos - since < COUNTS_NANOS) {
            return false;
        }
        lacking = false;
        return true;
    }
}
