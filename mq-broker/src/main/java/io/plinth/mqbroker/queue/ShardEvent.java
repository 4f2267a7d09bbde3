package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.log.Content;

/** What a shard has to say to a connection. */
public sealed interface ShardEvent {
    /** A message for a consumer. */
    record Delivered(
            ChannelHandle channel,
            String consumerTag,
            boolean noAck,
            int shard,
            long queueId,
            long id,
            boolean redelivered,
            Content content)
            implements ShardEvent {}

    /** A publish is settled: every queue has it, or it failed. */
    record Confirmed(ChannelHandle channel, long tag, boolean ok) implements ShardEvent {}

    /** A consumer ended because its queue did. */
    record Cancelled(ChannelHandle channel, String consumerTag) implements ShardEvent {}

    /** An answer to a command. */
    record Replied(Runnable reply) implements ShardEvent {}
}
