package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stream.StreamFilter;
import io.plinth.mqbroker.stream.StreamOffset;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What connections and definitions ask of a shard. Replies are sent through the channel's outlet, in order with deliveries. */
public sealed interface ShardCommand {
    /** The queue exists from now on. */
    record Create(QueueRef queue) implements ShardCommand {}

    /** Content for queues of this shard. */
    record Publish(List<QueueRef> queues, Content content, boolean persistent, Receipt receipt)
            implements ShardCommand {}

    /** What becomes of a delivery. */
    enum Outcome {
        ACK,
        REQUEUE,
        REJECT
    }

    record Settle(ChannelHandle channel, long queueId, long id, Outcome outcome) implements ShardCommand {}

    /** Starts a consumer, of a stream {@code from} some place what the filter lets through; the reply is null, or says why not. */
    record Subscribe(
            ChannelHandle channel,
            long queueId,
            String consumerTag,
            boolean noAck,
            boolean exclusive,
            int prefetch,
            int priority,
            FieldTable arguments,
            @Nullable StreamOffset from,
            StreamFilter filter,
            Consumer<@Nullable Refusal> reply)
            implements ShardCommand {}

    record Unsubscribe(ChannelHandle channel, long queueId, String consumerTag, Runnable reply)
            implements ShardCommand {}

    /** A message that basic.get took. */
    record Got(long id, boolean redelivered, Content content, long remaining) {}

    /** The reply is null when the queue is empty. */
    record Get(ChannelHandle channel, long queueId, boolean noAck, Consumer<@Nullable Got> reply)
            implements ShardCommand {}

    record Purge(ChannelHandle channel, long queueId, LongConsumer reply) implements ShardCommand {}

    /** The reply is the number of messages it had, once its end is durable, or says why not. */
    record Delete(
            ChannelHandle channel,
            QueueRef queue,
            boolean ifUnused,
            boolean ifEmpty,
            Consumer<@Nullable Refusal> refused,
            LongConsumer reply)
            implements ShardCommand {
        public long queueId() {
            return queue.id();
        }
    }

    /** Deletes an exclusive queue whose connection ends. */
    record Discard(long queueId, Runnable done) implements ShardCommand {}

    /**
     * A queue's numbers.
     *
     * @param ready messages that wait for a consumer
     */
    record Status(long ready, int unacked, int consumers) {}

    /** The reply is null when the queue is gone. */
    record Ask(ChannelHandle channel, long queueId, Consumer<@Nullable Status> reply) implements ShardCommand {}

    /** What policies make of its arguments has changed. */
    record Reconfigure(long queueId) implements ShardCommand {}

    /** All queues' numbers by id, for management; called on the shard's loop. */
    record Survey(Consumer<java.util.Map<Long, QueueReport>> reply) implements ShardCommand {}

    /** There is room again in the channel's window or its connection's. */
    record Resume(ChannelHandle channel) implements ShardCommand {}

    /** The channel is closed: its consumers end, what it holds is requeued. */
    record Release(ChannelHandle channel) implements ShardCommand {}

    /** Why a command was refused. */
    enum Refusal {
        GONE,
        IN_EXCLUSIVE_USE,
        IN_USE,
        NOT_EMPTY
    }
}
