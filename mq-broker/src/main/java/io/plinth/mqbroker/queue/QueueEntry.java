package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.log.Message;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. One message in one queue. */
final class QueueEntry {
    final long id;
    final Message message;
    /** Epoch milliseconds; {@link Long#MAX_VALUE} for never. */
    final long expiresAt;
    /** Whether its removal must be recorded. */
    final boolean durable;

    final int priority;
    /** Whose order it is part of until it is settled; null for none. */
    @Nullable
    String group;

    boolean redelivered;
    /** How often it came back. */
    int returns;
    /** Epoch milliseconds before which it is not handed out. */
    long availableAt;
    /** The channel it was handed to and which has not settled it. */
    @Nullable
    ChannelHandle holder;
    /** The consumer it was handed to; null for basic.get. */
    @Nullable
    Subscription subscription;

    QueueEntry(long id, Message message, long expiresAt, boolean durable, int priority, @Nullable String group) {
        this.id = id;
        this.message = message;
        this.expiresAt = expiresAt;
        this.durable = durable;
        this.priority = priority;
        this.group = group;
    }
}
