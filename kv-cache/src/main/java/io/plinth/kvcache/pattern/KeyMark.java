package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Entry;
import java.util.List;

/** Guarded by its key's segment lock: what is known of a key, or of its absence, beside value and expiry. */
final class KeyMark {
    /** From when on the value is stale, where not the pattern says so. */
    long soft = Entry.NEVER;
    /** Until when it is known that there is nothing. */
    long absentUntil;
    /** Who may fill it; 0 for nobody. */
    long lease;

    long leaseUntil;
    /** Whether who waits is looked at when the lease is over. */
    boolean wakes;

    List<KeyName> tags = List.of();

    boolean idle(long now) {
        return soft == Entry.NEVER && tags.isEmpty() && absentUntil <= now && (lease == 0 || leaseUntil <= now);
    }
}
