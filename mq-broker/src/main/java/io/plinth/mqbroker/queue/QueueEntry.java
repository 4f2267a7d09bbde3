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

    boolean redelivered;
    /** The channel it was handed to and which has not settled it. */
    @Nullable
    ChannelHandle holder;
    /** The consumer it was handed to; null for basic.get. */
    @Nullable
    Subscription subscription;

    QueueEntry(long id, Message message, long expiresAt, boolean durable, boolean redelivered) {
        this.id = id;
        this.message = message;
        this.expiresAt = expiresAt;
        this.durable = durable;
        this.redelivered = redelivered;
    }
}
