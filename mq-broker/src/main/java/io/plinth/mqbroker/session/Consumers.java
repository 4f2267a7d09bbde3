package io.plinth.mqbroker.session;

import io.plinth.mqbroker.channel.Ledger;
import io.plinth.mqbroker.channel.Transaction;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.ShardCommand.Outcome;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.queue.Subscription;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stream.StreamFilter;
import io.plinth.mqbroker.stream.StreamOffset;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. The consuming half of a channel: consumers, deliveries, get and settlement. */
final class Consumers {
    private final Connection connection;
    private final ChannelSession channel;
    private final ChannelHandle handle;
    private final SessionLimits limits;
    private final Ledger ledger = new Ledger();
    private final Map<String, QueueRef> byTag = new HashMap<>();
    private final ConsumerTimeout timeout;
    private @Nullable Transaction transaction;
    private @Nullable String replyAddress;
    private @Nullable String replyTag;
    private int prefetch;
    private int globalPrefetch;

    Consumers(Connection connection, ChannelSession channel, ChannelHandle handle, SessionLimits limits) {
        this.connection = connection;
        this.channel = channel;
        this.handle = handle;
        this.limits = limits;
        this.timeout = new ConsumerTimeout(connection, channel, handle.number(), ledger, limits.consumerTimeout());
    }

    int unacked() {
        return ledger.size();
    }

    int count() {
        return byTag.size();
    }

    int prefetch() {
        return prefetch;
    }

    /** What the whole channel may hold, 0 where nobody asked for a bound. */
    int globalPrefetch() {
        return globalPrefetch;
    }

    void qos(BasicMethod.Qos method) {
        if (method.prefetchSize() != 0) {
            throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "prefetch_size!=0 (" + method.prefetchSize() + ")");
        }
        if (method.global()) {
            int most = limits.unackedPerChannel();
            globalPrefetch = method.prefetchCount();
            handle.window().limit(method.prefetchCount() == 0 ? most : Math.min(most, method.prefetchCount()));
            connection.resume(handle);
        } else {
            prefetch = method.prefetchCount();
        }
        connection.write(handle.number(), new BasicMethod.QosOk());
    }

    /** From now on settlements wait for a commit. */
    void transaction(Transaction value) {
        transaction = value;
    }

    /** Where replies to this channel's requests go, or null where it does not consume them. */
    @Nullable
    String replyAddress() {
        return replyAddress;
    }

    private void consumeReplies(BasicMethod.Consume method) {
        if (!method.noAck()) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "reply consumer cannot acknowledge");
        }
        if (replyAddress != null) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, "reply consumer already set");
        }
        String tag = method.consumerTag().isEmpty() ? connection.broker().newName("amq.ctag-") : method.consumerTag();
        replyTag = tag;
        replyAddress = connection.broker().replies().open(connection, handle, tag);
        if (!method.nowait()) {
            connection.write(handle.number(), new BasicMethod.ConsumeOk(tag));
        }
    }

    /** The channel ends. */
    void end() {
        if (replyAddress != null) {
            connection.broker().replies().close(replyAddress);
            replyAddress = null;
            replyTag = null;
        }
    }

    void consume(BasicMethod.Consume method) {
        if (method.queue().equals(DirectReplies.QUEUE)) {
            consumeReplies(method);
            return;
        }
        QueueRef queue = channel.readable(method.queue());
        if (byTag.containsKey(method.consumerTag()) || method.consumerTag().equals(replyTag)) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED, "attempt to reuse consumer tag '" + method.consumerTag() + "'");
        }
        if (byTag.size() >= limits.consumersPerChannel()) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "consumers: " + byTag.size() + " (expected: at most mq-broker.limits.consumers on a channel)");
        }
        int priority = priority(method.arguments());
        StreamOffset from = queue.stream() ? from(method, queue) : null;
        StreamFilter filter = queue.stream() ? StreamFilter.of(method.arguments()) : StreamFilter.ALL;
        String tag = method.consumerTag().isEmpty() ? connection.broker().newName("amq.ctag-") : method.consumerTag();
        byTag.put(tag, queue);
        timeout.concerns(queue);
        handle.shards().set(queue.shard());
        channel.await();
        connection.submit(
                queue.shard(),
                new ShardCommand.Subscribe(
                        handle,
                        queue.id(),
                        tag,
                        method.noAck(),
                        method.exclusive(),
                        prefetch,
                        priority,
                        method.arguments(),
                        from,
                        filter,
                        refusal -> channel.resume(() -> consuming(method, tag, queue, refusal))));
    }

    /** Where a reader of a stream begins; it acknowledges, and says how much it takes at once. */
    private StreamOffset from(BasicMethod.Consume method, QueueRef queue) {
        if (method.noAck()) {
            throw new AmqpException(
                    ReplyCode.NOT_IMPLEMENTED, "automatic acknowledgement not supported by stream " + queue);
        }
        if (prefetch == 0) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED, "consumer prefetch count is not set for stream " + queue);
        }
        return StreamOffset.of(method.arguments().get("x-stream-offset"));
    }

    private static int priority(FieldTable arguments) {
        if (!arguments.has("x-priority")) {
            return 0;
        }
        Long priority = FieldTable.integer(arguments.get("x-priority"));
        if (priority == null || priority != priority.intValue()) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "invalid arg 'x-priority': " + arguments.get("x-priority") + " (expected: a whole number)");
        }
        return priority.intValue();
    }

    private void consuming(
            BasicMethod.Consume method, String tag, QueueRef queue, ShardCommand.@Nullable Refusal refusal) {
        if (refusal != null) {
            byTag.remove(tag);
            throw refusal == ShardCommand.Refusal.IN_EXCLUSIVE_USE
                    ? new AmqpException(ReplyCode.ACCESS_REFUSED, queue + " in exclusive use")
                    : new AmqpException(ReplyCode.NOT_FOUND, "no " + queue);
        }
        if (!method.nowait()) {
            connection.write(handle.number(), new BasicMethod.ConsumeOk(tag));
        }
    }

    void cancel(BasicMethod.Cancel method) {
        if (method.consumerTag().equals(replyTag)) {
            end();
        }
        QueueRef queue = byTag.remove(method.consumerTag());
        if (queue == null) {
            cancelled(method);
            return;
        }
        channel.await();
        connection.submit(
                queue.shard(),
                new ShardCommand.Unsubscribe(
                        handle, queue.id(), method.consumerTag(), () -> channel.resume(() -> cancelled(method))));
    }

    private void cancelled(BasicMethod.Cancel method) {
        if (!method.nowait()) {
            connection.write(handle.number(), new BasicMethod.CancelOk(method.consumerTag()));
        }
    }

    /** The queue of a consumer is gone. */
    void cancelledByServer(String tag) {
        if (byTag.remove(tag) != null && connection.negotiated().clientCan("consumer_cancel_notify")) {
            connection.write(handle.number(), new BasicMethod.Cancel(tag, true));
        }
    }

    void deliver(ShardEvent.Delivered event) {
        handle.counts().delivered(event.noAck(), event.redelivered());
        long tag = ledger.nextTag();
        if (!event.noAck()) {
            ledger.add(new Ledger.Delivery(tag, event.shard(), event.queueId(), event.id()));
            timeout.watch();
        }
        connection.counted().deliveries++;
        if (connection.identity().topology().traced()) {
            QueueRef queue = byTag.get(event.consumerTag());
            if (queue != null) {
                channel.trace(queue, event.content(), event.redelivered());
            }
        }
        connection.deliver(handle.number(), tag, event);
    }

    void get(BasicMethod.Get method) {
        QueueRef queue = channel.readable(method.queue());
        if (queue.stream()) {
            throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "basic.get not supported by stream queues " + queue);
        }
        if (queue.arguments().isTrue("x-single-active-consumer")) {
            throw new AmqpException(
                    ReplyCode.RESOURCE_LOCKED,
                    "cannot obtain access to locked " + queue
                            + ". basic.get operations are not supported by queues with" + " single active consumer");
        }
        if (!method.noAck()) {
            checkUnacked();
        }
        handle.shards().set(queue.shard());
        timeout.concerns(queue);
        channel.await();
        connection.submit(
                queue.shard(),
                new ShardCommand.Get(
                        handle, queue.id(), method.noAck(), got -> channel.resume(() -> got(method, queue, got))));
    }

    /** A get is not bounded by prefetch. */
    private void checkUnacked() {
        boolean scarce = ledger.size() >= Subscription.SHARE
                && connection.broker().alarms().is(Alarms.Reason.MEMORY);
        if (scarce || ledger.size() >= limits.unackedPerChannel()) {
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "unacknowledged messages: " + ledger.size() + " (expected: "
                            + (scarce
                                    ? "at most " + Subscription.SHARE + " on a channel while memory is low)"
                                    : "at most mq-broker.limits.unacked on a channel)"));
        }
    }

    private void got(BasicMethod.Get method, QueueRef queue, ShardCommand.@Nullable Got got) {
        if (got == null) {
            handle.counts().add(Counts.Kind.GET_EMPTY, 1);
            connection.write(handle.number(), new BasicMethod.GetEmpty(""));
            return;
        }
        handle.counts().got(method.noAck(), got.redelivered());
        long tag = ledger.nextTag();
        if (!method.noAck()) {
            ledger.add(new Ledger.Delivery(tag, queue.shard(), queue.id(), got.id()));
            timeout.watch();
            handle.window().takeAnyway(1);
        }
        connection.broker().metrics().delivered.inc();
        if (connection.identity().topology().traced()) {
            channel.trace(queue, got.content(), got.redelivered());
        }
        connection.write(
                handle.number(),
                new BasicMethod.GetOk(
                        tag,
                        got.redelivered(),
                        got.content().exchange(),
                        got.content().routingKey(),
                        got.remaining()),
                got.content().properties(),
                got.content().body());
    }

    void settle(long tag, boolean multiple, Outcome outcome) {
        if (multiple) {
            List<Ledger.Delivery> taken = ledger.takeUpTo(tag);
            if (taken.isEmpty() && tag != 0) {
                throw unknown(tag);
            }
            taken.forEach(delivery -> settle(delivery, outcome));
        } else {
            Ledger.Delivery delivery = ledger.take(tag);
            if (delivery == null) {
                throw unknown(tag);
            }
            settle(delivery, outcome);
        }
        resumeIfStarved();
    }

    private static AmqpException unknown(long tag) {
        return new AmqpException(ReplyCode.PRECONDITION_FAILED, "unknown delivery tag " + tag);
    }

    private void settle(Ledger.Delivery delivery, Outcome outcome) {
        if (transaction != null) {
            transaction.settle(delivery, outcome);
        } else {
            settleNow(delivery, outcome);
        }
    }

    /** Asks the shards to go on where they wait for the channel's own window. */
    private void resumeIfStarved() {
        if (handle.window().wakeStarved()) {
            connection.resume(handle);
        }
    }

    /** Settles what a transaction held. */
    void commit(Transaction done) {
        done.settlements().forEach(settlement -> settleNow(settlement.delivery(), settlement.outcome()));
        resumeIfStarved();
    }

    /** What a transaction settled is unsettled again. */
    void rollback(Transaction undone) {
        ledger.giveBack(undone.settlements().stream()
                .map(Transaction.Settlement::delivery)
                .toList());
    }

    private void settleNow(Ledger.Delivery delivery, Outcome outcome) {
        connection.counted().acknowledgements++;
        if (outcome == Outcome.ACK) {
            handle.counts().add(Counts.Kind.ACK, 1);
        }
        handle.window().give(1);
        connection.submit(
                delivery.shard(), new ShardCommand.Settle(handle, delivery.queueId(), delivery.id(), outcome));
    }

    /** Everything unsettled goes back to its queue (section 1.8.3.16). */
    void recover(boolean requeue) {
        if (!requeue) {
            throw new AmqpException(ReplyCode.NOT_IMPLEMENTED, "requeue=false");
        }
        ledger.takeUpTo(0).forEach(delivery -> settleNow(delivery, Outcome.REQUEUE));
        resumeIfStarved();
    }
}
