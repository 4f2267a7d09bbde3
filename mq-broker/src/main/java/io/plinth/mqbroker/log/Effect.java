package io.plinth.mqbroker.log;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a change did, absolutely: replaying it needs no clock and no choice. */
public sealed interface Effect {
    /** An effect on a shard's messages. */
    sealed interface OnMessages extends Effect {}

    /** An effect on exchanges, queue names and bindings. */
    sealed interface OnDefinitions extends Effect {}

    /**
     * One queue that took a message.
     *
     * @param expiresAt epoch milliseconds, {@link Long#MAX_VALUE} for never
     * @param priority where it stands in a queue with priorities
     * @param group whose order it is part of, null for none
     * @param dedup what a second message of the same is known by, null where nothing is
     * @param hold how often it came back, and when it may be handed out; null where it never did and may be at once
     */
    record Target(
            long queueId,
            long expiresAt,
            int priority,
            @Nullable String group,
            @Nullable Dedup dedup,
            @Nullable Hold hold) {
        public Target(long queueId, long expiresAt) {
            this(queueId, expiresAt, 0, null, null, null);
        }

        boolean plain() {
            return priority == 0 && group == null && dedup == null && hold == null;
        }
    }

    /**
     * What holds a message back.
     *
     * @param returns how often it came back
     * @param until epoch milliseconds before which it is not handed out, 0 where it never waited
     */
    record Hold(int returns, long until) {}

    /**
     * A key that is remembered.
     *
     * @param until epoch milliseconds, {@link Long#MAX_VALUE} for as long as there is room
     */
    record Dedup(String key, long until) {}

    /** A message entered queues; the change's sequence is its id there. */
    record Enqueued(List<Target> targets, Message message, Content content) implements OnMessages {
        public Enqueued {
            targets = List.copyOf(targets);
        }
    }

    /**
     * Messages left a queue for good.
     *
     * @param messages the same ones, for the ledger of segments, null for those the index has to be asked of; empty when replayed
     * @param priorities of the same ones; empty where none has any
     * @param untils of the same ones, the time the index finds it by, 0 for none; empty where none has any
     */
    record Settled(long queueId, long[] ids, List<@Nullable Message> messages, byte[] priorities, long[] untils)
            implements OnMessages {
        /** Of whose messages only the ids are known. */
        public Settled(long queueId, long... ids) {
            this(queueId, ids, List.of(), new byte[0], new long[0]);
        }

        /**
         * What is known of one that left.
         *
         * @param until epoch milliseconds, the time the index finds it by; 0 for none
         */
        public record Left(long position, int size, int bodySize, int priority, long until) {}

        /** What is known of the one at an index; null where only the index knows. */
        public @Nullable Left left(int at) {
            Message message = messages.isEmpty() ? null : messages.get(at);
            return message == null
                    ? null
                    : new Left(
                            message.position(),
                            message.size(),
                            message.bodySize(),
                            priorities.length == 0 ? 0 : priorities[at] & 0xFF,
                            untils.length == 0 ? 0 : untils[at]);
        }
    }

    /** Every message up to the id has been delivered at least once. */
    record DeliveredUpTo(long queueId, long id) implements OnMessages {}

    /**
     * A message came back to its queue.
     *
     * @param count how often by now
     * @param availableAt epoch milliseconds before which it is not handed out again, 0 where it never waited
     */
    record Returned(long queueId, long id, int count, long availableAt) implements OnMessages {}

    /**
     * A live message was copied to the end of the log, so that its old segment can go.
     *
     * @param sequence its id, from when it came
     * @param targets the queues that still had it
     */
    record Moved(long sequence, List<Target> targets, Message message, Content content) implements OnMessages {
        public Moved {
            targets = List.copyOf(targets);
        }
    }

    /** Keys of messages up to the id are remembered no more. */
    record DedupForgotten(long queueId, long upTo) implements OnMessages {}

    /** A queue is gone with all its messages. */
    record QueueDropped(long queueId) implements OnMessages {}

    record ExchangeDeclared(String name, String type, boolean autoDelete, boolean internal, FieldTable arguments)
            implements OnDefinitions {}

    record ExchangeDeleted(String name) implements OnDefinitions {}

    record QueueDeclared(long id, String name, boolean autoDelete, FieldTable arguments) implements OnDefinitions {}

    record QueueDeleted(long id, String name) implements OnDefinitions {}

    record Bound(String source, boolean toQueue, String destination, String routingKey, FieldTable arguments)
            implements OnDefinitions {}

    record Unbound(String source, boolean toQueue, String destination, String routingKey, FieldTable arguments)
            implements OnDefinitions {}

    /** A definition of another virtual host than {@code /}. */
    record InVhost(String vhost, OnDefinitions effect) implements OnDefinitions {}

    /** An entry of {@link Settings} has this value from now on; null takes it away. */
    record Setting(String kind, String key, @Nullable FieldTable value) implements OnDefinitions {}

    /** Everything that is defined; what was recorded before it no longer counts. */
    record Snapshot(long nextQueueId, List<OnDefinitions> definitions) implements OnDefinitions {
        public Snapshot {
            definitions = List.copyOf(definitions);
        }
    }
}
