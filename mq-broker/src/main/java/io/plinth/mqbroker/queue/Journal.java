package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.ChangeStream;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.stats.HistogramBudget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Turns what happens to messages into effects for the stream of changes, gathers the settlements of a turn, and
 * holds receipts until their change is durable.
 */
final class Journal {
    /** A receipt, and the queues that do not have its message for good where its change is not stored. */
    private record Waiting(
            long sequence, Receipt receipt, boolean ok, long since, MessageQueue queue, List<QueueRef> durable) {}

    private static final class Settling {
        final List<Long> ids = new ArrayList<>();
        final List<@Nullable Message> messages = new ArrayList<>();
        /** Filled from the first that has one. */
        final List<Byte> priorities = new ArrayList<>();

        final List<Long> untils = new ArrayList<>();

        void add(QueueEntry entry) {
            if (entry.priority > 0 || !priorities.isEmpty()) {
                while (priorities.size() < ids.size()) {
                    priorities.add((byte) 0);
                }
                priorities.add((byte) entry.priority);
            }
            long until = entry.findable() ? entry.indexedUntil() : 0;
            if (until > 0 || !untils.isEmpty()) {
                while (untils.size() < ids.size()) {
                    untils.add(0L);
                }
                untils.add(until);
            }
            ids.add(entry.id);
            messages.add(entry.findable() ? entry.message : null);
        }

        Effect.Settled effect(long queueId) {
            long[] all = new long[ids.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = ids.get(i);
            }
            byte[] ranks = new byte[priorities.size()];
            for (int i = 0; i < ranks.length; i++) {
                ranks[i] = priorities.get(i);
            }
            long[] times = new long[untils.size()];
            for (int i = 0; i < times.length; i++) {
                times[i] = untils.get(i);
            }
            return new Effect.Settled(queueId, all, messages, ranks, times);
        }
    }

    private final ChangeStream stream;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final Map<Long, Settling> settling = new LinkedHashMap<>();
    private final LongSupplier nanoTime;
    private final HistogramBudget histograms;
    private long turnStarted;
    /** The last message that must survive. */
    private long lastEnqueued;

    private long durable;
    /** Whether the log has no room for now. */
    private boolean full;

    private boolean failed;

    Journal(ChangeStream stream, LongSupplier nanoTime, HistogramBudget histograms) {
        this.histograms = histograms;
        this.stream = stream;
        this.nanoTime = nanoTime;
    }

    /** A turn starts: what it brings waits from now on. */
    void turn() {
        turnStarted = nanoTime.getAsLong();
    }

    /** The time it goes by, nanoseconds. */
    long now() {
        return nanoTime.getAsLong();
    }

    /** When this turn started, nanoseconds. */
    long turnStarted() {
        return turnStarted;
    }

    /** Whether the log takes nothing any more. */
    boolean failed() {
        return failed;
    }

    /** Whether the log takes nothing for now, or any more. */
    boolean refuses() {
        return full || failed;
    }

    /** A message enters the targets' queues and must survive. */
    long enqueued(List<Effect.Target> targets, Message message, Content content) {
        lastEnqueued = stream.logged(new Effect.Enqueued(targets, message, content), true);
        return lastEnqueued;
    }

    /** A message enters the targets' queues and ends with the process. */
    long passing(List<Effect.Target> targets, Message message, Content content) {
        return stream.passing(() -> new Effect.Enqueued(targets, message, content));
    }

    /** Completes the receipt once the change is durable. */
    void await(long sequence, Receipt receipt, boolean ok, MessageQueue queue, List<QueueRef> durable) {
        waiting.addLast(new Waiting(sequence, receipt, ok, turnStarted, queue, durable));
    }

    /** Completes the receipt once every message that entered before is durable. */
    void awaitEntered(Shard shard, Receipt receipt, boolean ok, MessageQueue queue, List<QueueRef> durable) {
        if (lastEnqueued <= this.durable) {
            receipt.complete(shard, ok);
        } else {
            await(lastEnqueued, receipt, ok, queue, durable);
        }
    }

    /** A message left its queue for good. */
    void settled(MessageQueue queue, QueueEntry entry) {
        if (entry.durable) {
            settling.computeIfAbsent(queue.id(), ignored -> new Settling()).add(entry);
        } else {
            stream.passing(() -> new Effect.Settled(queue.id(), entry.id));
        }
    }

    /** A message came back and is not handed out before the time, which is 0 where it never waited. */
    void returned(MessageQueue queue, QueueEntry entry, long availableAt) {
        Effect effect = new Effect.Returned(queue.id(), entry.id, entry.returns + 1, availableAt);
        long change = entry.durable ? stream.logged(effect, false) : stream.passing(() -> effect);
        entry.returned(entry.returns + 1, availableAt, change);
    }

    /** The queue remembers no keys of messages up to the id; 0 for nothing. */
    void forgotten(MessageQueue queue, long upTo) {
        if (upTo > 0 && queue.ref().survives()) {
            stream.logged(new Effect.DedupForgotten(queue.id(), upTo), false);
        }
    }

    /** A queue is gone; what it held is not dropped yet. */
    void ended(MessageQueue queue) {
        queue.stats().ended(histograms);
    }

    /** A queue is gone with what it held. */
    void dropped(QueueRef queue) {
        // Settled behind the drop they would be taken from the segments' counts twice.
        settling.remove(queue.id());
        Effect effect = new Effect.QueueDropped(queue.id());
        if (queue.survives()) {
            stream.logged(effect, false);
        } else {
            stream.passing(() -> effect);
        }
    }

    /** Notes how far the queue's messages were handed out, so that they come back as redelivered. */
    void delivered(MessageQueue queue) {
        long upTo = queue.newlyDelivered();
        if (upTo > 0 && queue.ref().survives()) {
            stream.logged(new Effect.DeliveredUpTo(queue.id(), upTo), false);
        }
    }

    /** The last change that was made. */
    long last() {
        return stream.sequence();
    }

    /** Hands everything of this turn to the log's writer. */
    void flush() {
        settling.forEach((queueId, group) -> stream.logged(group.effect(queueId), false));
        settling.clear();
        stream.flush();
    }

    /** Everything up to the sequence is durable. */
    void durable(long sequence, Shard shard) {
        durable = sequence;
        while (!waiting.isEmpty() && waiting.peekFirst().sequence() <= sequence) {
            Waiting first = waiting.removeFirst();
            first.queue().stats().confirmed(turnStarted - first.since(), histograms);
            first.receipt().complete(shard, first.ok());
        }
    }

    /** There is no room: who waits waits on, and nobody else is let in. */
    void full() {
        full = true;
    }

    /** The log takes changes again. */
    void recovered() {
        full = false;
    }

    /** Nobody is to wait any more. */
    void fail(Shard shard) {
        failed = true;
        while (!waiting.isEmpty()) {
            Waiting first = waiting.removeFirst();
            first.receipt().unstored(shard, first.durable());
        }
    }
}
