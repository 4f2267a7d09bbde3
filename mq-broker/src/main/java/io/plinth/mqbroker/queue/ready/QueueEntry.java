package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.log.Message;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. One message in one queue. */
public final class QueueEntry {
    private static final long NEVER = Long.MAX_VALUE;

    public final long id;
    public final Message message;
    /** Epoch milliseconds; {@link Long#MAX_VALUE} for never. */
    public final long expiresAt;
    /** Whether its removal must be recorded. */
    public final boolean durable;

    public final int priority;
    private final boolean grouped;
    /** Whose order it is part of until it is settled; null for none. */
    @Nullable
    String group;

    public boolean redelivered;
    /** How often it came back. */
    public int returns;
    /** Epoch milliseconds before which it is not handed out. */
    long availableAt;
    /** Whether the index finds it by a time, maybe one that has passed. */
    private boolean timed;
    /** The change after which the index has it as it is. */
    private long stamp;
    /** Who has it. */
    public @Nullable Holder holder;

    public QueueEntry(long id, Message message, long expiresAt, boolean durable, int priority, @Nullable String group) {
        this.id = id;
        this.message = message;
        this.expiresAt = expiresAt;
        this.durable = durable;
        this.priority = priority;
        this.group = group;
        this.grouped = group != null;
        this.stamp = id;
    }

    /** It is not handed out before the time; with 0 it never waited. */
    public QueueEntry waits(long until) {
        availableAt = until;
        timed |= until > 0;
        return this;
    }

    /**
     * It came back so often, as the change says.
     *
     * @param until as {@link #waits} has it
     */
    public void returned(int count, long until, long change) {
        returns = count;
        stamp = change;
        waits(until);
    }

    /** Whether it ever waited for a time: once the index finds it by a time it always does. */
    public boolean timed() {
        return timed;
    }

    /**
     * Whether all that the index finds it by is known here. Not of one of a group, nor of one that came back in this life, which a full log may
     * not have kept, nor of one whose time has come and is forgotten.
     */
    public boolean findable() {
        return !grouped && stamp == id && (!timed || availableAt > 0);
    }

    /** The time the index finds it by, 0 for none; only of one that is {@link #findable}. */
    public long indexedUntil() {
        return availableAt;
    }

    /** No group waits for it, or ever heard of it. */
    public void ungroup() {
        group = null;
    }

    /** Whether it may leave memory while it waits for its time: one of a group keeps the others waiting. */
    boolean leaves() {
        return durable && group == null && stamp != NEVER;
    }

    /** Whether the index has it as it is, being at the change. */
    boolean indexed(long upTo) {
        return stamp <= upTo;
    }

    /** The log does not know that it waits. */
    void unknown() {
        stamp = NEVER;
    }
}
