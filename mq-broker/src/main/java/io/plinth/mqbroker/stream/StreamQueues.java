package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.Receipt;
import io.plinth.mqbroker.queue.Shard;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.queue.Subscription;
import io.plinth.mqbroker.stats.QueueReport;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. The streams of a shard, and what commands mean to them. */
public final class StreamQueues {
    private final StreamHost host;
    private final StreamWriter writer;
    private final Clock clock;
    private final Map<Long, StreamQueue> streams = new HashMap<>();

    public StreamQueues(StreamHost host, StreamWriter writer, Clock clock) {
        this.host = host;
        this.writer = writer;
        this.clock = clock;
    }

    /** Opens what is a stream; false where it is a queue. */
    public boolean create(QueueRef ref) {
        if (!ref.stream()) {
            return false;
        }
        streams.put(ref.id(), new StreamQueue(ref, host, writer, clock));
        return true;
    }

    /** Whether a stream, of any shard, takes nothing for now. */
    public boolean refuse(QueueRef stream) {
        return writer.refuses(stream);
    }

    /** Does what a command asks of a stream; false where it is not, or not only, about one. */
    public boolean handle(ShardCommand command) {
        if (streams.isEmpty()) {
            return false;
        }
        return switch (command) {
            case ShardCommand.Settle c -> with(c.queueId(), stream -> stream.settle(c.channel(), c.id()));
            case ShardCommand.Subscribe c -> with(c.queueId(), stream -> subscribe(stream, c));
            case ShardCommand.Unsubscribe c ->
                with(c.queueId(), stream -> {
                    stream.unsubscribe(c.channel(), c.consumerTag());
                    reply(c.channel(), c.reply());
                });
            case ShardCommand.Delete c -> with(c.queueId(), stream -> delete(stream, c));
            case ShardCommand.Discard c ->
                with(c.queueId(), stream -> {
                    streams.remove(c.queueId());
                    stream.delete(c.done());
                });
            case ShardCommand.Ask c ->
                with(c.queueId(), stream -> {
                    ShardCommand.Status status = status(stream);
                    reply(c.channel(), () -> c.reply().accept(status));
                });
            case ShardCommand.Reconfigure c -> with(c.queueId(), StreamQueue::reconfigure);
            case ShardCommand.Resume c -> {
                streams.values().forEach(stream -> stream.resume(c.channel()));
                yield false;
            }
            case ShardCommand.Release c -> {
                streams.values().forEach(stream -> stream.unsubscribe(c.channel(), null));
                yield false;
            }
            default -> false;
        };
    }

    private interface Work {
        void on(StreamQueue stream);
    }

    private boolean with(long queueId, Work work) {
        StreamQueue stream = streams.get(queueId);
        if (stream == null) {
            return false;
        }
        work.on(stream);
        return true;
    }

    private void reply(ChannelHandle channel, Runnable reply) {
        host.send(channel.outlet(), new ShardEvent.Replied(reply));
    }

    private void subscribe(StreamQueue stream, ShardCommand.Subscribe c) {
        reply(c.channel(), () -> c.reply().accept(null));
        StreamOffset from = c.from();
        stream.subscribe(
                new Subscription(c.channel(), c.consumerTag(), false, false, c.prefetch(), c.priority(), c.arguments()),
                from == null ? StreamOffset.of(null) : from,
                c.filter());
    }

    private void delete(StreamQueue stream, ShardCommand.Delete c) {
        if (c.ifUnused() && !stream.consumers().isEmpty()) {
            reply(c.channel(), () -> c.refused().accept(ShardCommand.Refusal.IN_USE));
        } else if (c.ifEmpty() && stream.messages() > 0) {
            reply(c.channel(), () -> c.refused().accept(ShardCommand.Refusal.NOT_EMPTY));
        } else {
            long count = stream.messages();
            streams.remove(c.queueId());
            stream.delete(() ->
                    host.later(() -> reply(c.channel(), () -> c.reply().accept(count))));
        }
    }

    private static ShardCommand.Status status(StreamQueue stream) {
        return new ShardCommand.Status(
                stream.messages(), stream.unsettled(), stream.consumers().size());
    }

    /** Hands a message to the streams among its targets; returns what is left for queues, null where that is nothing. */
    public ShardCommand.@Nullable Publish publish(ShardCommand.Publish command) {
        if (streams.isEmpty()) {
            return command;
        }
        List<StreamQueue> into = new ArrayList<>();
        List<QueueRef> others = new ArrayList<>();
        for (QueueRef ref : command.queues()) {
            StreamQueue stream = streams.get(ref.id());
            if (stream == null) {
                others.add(ref);
            } else {
                into.add(stream);
            }
        }
        if (into.isEmpty()) {
            return command;
        }
        Parts parts = new Parts(command.receipt(), into.size() + (others.isEmpty() ? 0 : 1));
        for (StreamQueue stream : into) {
            List<QueueRef> one = List.of(stream.ref());
            stream.publish(command.content(), ok -> parts.answered(ok, ok ? List.of() : one));
        }
        return others.isEmpty()
                ? null
                : new ShardCommand.Publish(others, command.content(), command.persistent(), parts);
    }

    /** Owned by the shard's loop. A publish that went to streams, and to the queues among its targets. */
    private final class Parts implements Receipt {
        private final Receipt whole;
        private final List<QueueRef> unstored = new ArrayList<>();
        private int left;
        private boolean all = true;

        Parts(Receipt whole, int count) {
            this.whole = whole;
            this.left = count;
        }

        void answered(boolean ok, List<QueueRef> failed) {
            all &= ok;
            unstored.addAll(failed);
            if (--left == 0) {
                host.complete(whole, all, unstored);
            }
        }

        @Override
        public void complete(Shard shard, boolean ok) {
            answered(ok, List.of());
        }

        @Override
        public void unstored(Shard shard, List<QueueRef> queues) {
            answered(false, queues);
        }
    }

    private QueueReport.State state(StreamQueue stream) {
        return stream.hasFailed()
                ? QueueReport.State.CRASHED
                : refuse(stream.ref()) ? QueueReport.State.FLOW : QueueReport.State.RUNNING;
    }

    /** Adds their numbers. */
    public void survey(Map<Long, QueueReport> into) {
        for (StreamQueue stream : streams.values()) {
            List<QueueReport.Consumer> consumers = stream.consumers().stream()
                    .map(c -> new QueueReport.Consumer(
                            c.channel.outlet(), c.channel.number(), c.tag, false, false, c.prefetch, true, c.arguments))
                    .toList();
            into.put(
                    stream.ref().id(),
                    new QueueReport(
                            stream.messages(),
                            stream.unsettled(),
                            stream.log().bytes(),
                            0,
                            stream.messages(),
                            0,
                            -1,
                            clock.millis(),
                            state(stream),
                            Double.NaN,
                            stream.counts().copy(),
                            null,
                            consumers));
        }
    }
}
