package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.DeathRecord;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.wire.ContentProperties;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Publishes what a queue gives up on. The source is settled only once every target has it: a crash in between
 * repeats, never loses. What a target could not store waits at its source, and is sent again to those that do not have it.
 */
final class DeadLetters {
    /** Dead letters of a queue on their way; with so many it gives up on no more, and hands out none that may be rejected. */
    static final int MOST = 1000;
    /** So many of those that waited are on their way again at once. */
    private static final int MOST_AGAIN = 64;

    private static final long FIRST_RETRY = 1000;
    private static final long LAST_RETRY = 8000;

    /** The rest of the shard as its dead letters know it. */
    interface Source {
        /** The entry is settled for good. */
        void remove(MessageQueue queue, QueueEntry entry);

        /** The queue may go on. */
        void touch(MessageQueue queue);
    }

    /** Hears that every target answered. */
    @FunctionalInterface
    private interface Done {
        /** Says which could not store it: a queue that refused it had its say. */
        void sent(Set<QueueRef> missing);
    }

    /**
     * One that waits.
     *
     * @param number in which order the queue gave up on them
     * @param missing the targets that do not have it, null for all
     */
    private record Unsent(
            long number,
            QueueEntry entry,
            DeathRecord.Reason reason,
            @Nullable Set<QueueRef> missing) {}

    /** Owned by its queue's shard's loop. Those of a queue that wait, in order. */
    static final class Waiting {
        private final TreeMap<Long, Unsent> unsent = new TreeMap<>();
        /** Those for streams that failed, by all that miss them. */
        private final Map<Set<QueueRef>, List<Unsent>> parked = new HashMap<>();

        private int parkedCount;
        private boolean armed;
        private int again;
        /** Up to which of them they were tried since the timer. */
        private long tried;

        private long retry = FIRST_RETRY;
    }

    private final Shard shard;
    private final Source source;
    private final Backlog backlog;
    private final Clock clock;
    private final Vhosts vhosts;
    private final Shards shards;
    private long numbers;

    DeadLetters(Shard shard, Source source, Backlog backlog, Clock clock, Vhosts vhosts, Shards shards) {
        this.shard = shard;
        this.source = source;
        this.backlog = backlog;
        this.clock = clock;
        this.vhosts = vhosts;
        this.shards = shards;
    }

    /**
     * Sends on what a full queue does not take; {@code then} is a turn of its own once every target has it or cannot store it. That is not tried
     * again: its publisher, who is told that it was refused, has it still.
     */
    void refused(MessageQueue by, Content content, Runnable then) {
        send(by, content, DeathRecord.Reason.MAXLEN, null, missing -> shard.later(then));
    }

    /**
     * Whether so many are on their way that the queue gives up on no more, and hands out none that may be rejected. Those for streams that
     * failed may stay for long, and publishers are blocked meanwhile: of them there may be as many as memory holds.
     */
    boolean most(MessageQueue queue) {
        Waiting waiting = queue.waiting;
        int parked = waiting == null ? 0 : waiting.parkedCount;
        return queue.dying() - parked >= MOST || (parked > 0 && backlog.scarce());
    }

    /** Sends the entry, in no part of the queue any more, behind those that wait. */
    void bury(MessageQueue queue, QueueEntry entry, DeathRecord.Reason reason) {
        queue.dies(entry);
        Unsent one = new Unsent(++numbers, entry, reason, null);
        Waiting waiting = queue.waiting;
        if (waiting != null && (waiting.again > 0 || !waiting.unsent.isEmpty())) {
            await(queue, one);
        } else {
            send(queue, one, missing -> answered(queue, one, missing));
        }
    }

    private void send(MessageQueue queue, Unsent one, Done done) {
        Content content = one.entry().message.content();
        Done later = missing -> shard.later(() -> done.sent(missing));
        if (content != null) {
            send(queue, content, one.reason(), one.missing(), later);
            return;
        }
        backlog.load(
                List.of(one.entry().message),
                // Its segment may go with its queue.
                () -> shard.exists(queue),
                () -> shard.turn(() -> {
                    Content loaded = one.entry().message.content();
                    if (loaded == null) {
                        done.sent(Set.of());
                    } else {
                        send(queue, loaded, one.reason(), one.missing(), later);
                    }
                }));
    }

    private void answered(MessageQueue queue, Unsent one, Set<QueueRef> missing) {
        if (missing.isEmpty() || !shard.exists(queue)) {
            buried(queue, one.entry(), missing.isEmpty());
        } else {
            await(queue, new Unsent(one.number(), one.entry(), one.reason(), missing));
        }
    }

    /** Not settled where the queue went with all it had. */
    private void buried(MessageQueue queue, QueueEntry entry, boolean settled) {
        boolean most = most(queue);
        queue.died(entry);
        if (settled && shard.exists(queue)) {
            source.remove(queue, entry);
        } else {
            backlog.left(entry.message);
        }
        if (most) {
            source.touch(queue);
        }
    }

    /** What waits leaves memory where it can; after a restart it is in its queue again. */
    private void await(MessageQueue queue, Unsent one) {
        backlog.rests(one.entry());
        Waiting waiting = queue.waiting;
        if (waiting == null) {
            waiting = new Waiting();
            queue.waiting = waiting;
        }
        Set<QueueRef> missing = one.missing();
        if (missing != null && missing.stream().allMatch(shard::failedStream)) {
            waiting.parked
                    .computeIfAbsent(missing, ignored -> new ArrayList<>())
                    .add(one);
            waiting.parkedCount++;
            // It does not count for as much now.
            source.touch(queue);
        } else {
            waiting.unsent.put(one.number(), one);
        }
        arm(queue, waiting);
    }

    private void arm(MessageQueue queue, Waiting waiting) {
        if (waiting.armed) {
            return;
        }
        waiting.armed = true;
        shard.loop()
                .schedule(
                        () -> shard.turn(() -> {
                            waiting.armed = false;
                            waiting.tried = 0;
                            unpark(waiting);
                            again(queue, waiting);
                            if (waiting.parkedCount > 0 && shard.exists(queue)) {
                                // Nobody tells when there is memory again.
                                source.touch(queue);
                            }
                        }),
                        waiting.retry,
                        TimeUnit.MILLISECONDS);
        waiting.retry = Math.min(LAST_RETRY, 2 * waiting.retry);
    }

    /** A stream that was deleted, or opened at last, misses nothing, or takes something. */
    private void unpark(Waiting waiting) {
        waiting.parked.entrySet().removeIf(group -> {
            if (group.getKey().stream().allMatch(shard::failedStream)) {
                return false;
            }
            group.getValue().forEach(one -> waiting.unsent.put(one.number(), one));
            waiting.parkedCount -= group.getValue().size();
            return true;
        });
    }

    /** Goes on sending those again of which some target takes something by now, each once a round. */
    private void again(MessageQueue queue, Waiting waiting) {
        if (!shard.exists(queue)) {
            waiting.unsent.values().forEach(one -> buried(queue, one.entry(), false));
            waiting.unsent.clear();
            waiting.parked.values().forEach(group -> group.forEach(one -> buried(queue, one.entry(), false)));
            waiting.parked.clear();
            waiting.parkedCount = 0;
            return;
        }
        while (waiting.again < MOST_AGAIN) {
            Map.Entry<Long, Unsent> next = waiting.unsent.higherEntry(waiting.tried);
            if (next == null) {
                break;
            }
            waiting.tried = next.getKey();
            again(queue, waiting, next.getValue());
        }
        if (waiting.again == 0 && (!waiting.unsent.isEmpty() || waiting.parkedCount > 0)) {
            arm(queue, waiting);
        }
    }

    private void again(MessageQueue queue, Waiting waiting, Unsent one) {
        Set<QueueRef> now = null;
        Set<QueueRef> later = Set.of();
        if (one.missing() != null) {
            now = new HashSet<>(one.missing());
            now.removeIf(shard::refuses);
            later = new HashSet<>(one.missing());
            later.removeAll(now);
            if (now.isEmpty()) {
                return;
            }
        }
        waiting.unsent.remove(one.number());
        waiting.again++;
        Set<QueueRef> held = later;
        send(queue, new Unsent(one.number(), one.entry(), one.reason(), now), missing -> {
            waiting.again--;
            if (missing.isEmpty()) {
                waiting.retry = FIRST_RETRY;
            }
            Set<QueueRef> still = new HashSet<>(missing);
            still.addAll(held);
            answered(queue, one, still);
            again(queue, waiting);
        });
    }

    /** Routes the content on; {@code done} runs on the loop of whichever shard finished last, or here when there is no target. */
    private void send(
            MessageQueue from, Content content, DeathRecord.Reason reason, @Nullable Set<QueueRef> only, Done done) {
        boolean due = reason == DeathRecord.Reason.DUE;
        String name = due ? from.arguments().delayedFor() : from.arguments().deadLetterExchange();
        Topology topology = vhosts.get(from.ref().vhost());
        Exchange exchange = name == null || topology == null ? null : topology.exchange(name);
        if (topology == null || exchange == null) {
            done.sent(Set.of());
            return;
        }
        Content dead = due ? MessageMarks.due(content) : buried(from, content, exchange, reason);
        Set<QueueRef> targets = new LinkedHashSet<>();
        topology.routeCopies(exchange, dead.routingKey(), new Attributes(dead.properties()), targets);
        if (!due) {
            targets.removeIf(target -> DeathRecord.cycle(dead, target.name()));
        }
        if (only != null) {
            // By name: one that was declared anew does not have it either.
            targets.removeIf(target -> only.stream().noneMatch(one -> one.name().equals(target.name())));
        }
        List<ShardCommand.Publish> publishes =
                shards.split(targets, dead, ContentProperties.persistent(dead.properties()), new Sent(targets, done));
        if (targets.isEmpty()) {
            done.sent(Set.of());
            return;
        }
        for (ShardCommand.Publish publish : publishes) {
            shards.get(publish.queues().getFirst().shard()).submitLater(List.of(publish));
        }
    }

    private Content buried(MessageQueue from, Content content, Exchange exchange, DeathRecord.Reason reason) {
        String key = from.arguments().deadLetterRoutingKey();
        Content dead = DeathRecord.add(
                content,
                exchange.name(),
                key == null ? content.routingKey() : key,
                from.ref().name(),
                reason,
                clock.millis());
        // With a key of the queue's own, the copies the publisher asked for are over.
        return key == null ? dead : MessageMarks.without(dead, Attributes.COPIES);
    }

    /** Owned by nobody: completed by each of the targets' shards on its own loop. */
    private static final class Sent implements Receipt {
        private final AtomicInteger left;
        private final Set<QueueRef> missing = ConcurrentHashMap.newKeySet();
        private final Done done;

        Sent(Set<QueueRef> targets, Done done) {
            this.left = new AtomicInteger(
                    (int) targets.stream().mapToInt(QueueRef::shard).distinct().count());
            this.done = done;
        }

        @Override
        public void complete(Shard shard, boolean ok) {
            if (left.decrementAndGet() == 0) {
                done.sent(Set.copyOf(missing));
            }
        }

        @Override
        public void unstored(Shard shard, List<QueueRef> queues) {
            missing.addAll(queues);
            complete(shard, false);
        }
    }
}
