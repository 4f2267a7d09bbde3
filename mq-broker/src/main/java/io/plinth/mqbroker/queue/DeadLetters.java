package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.DeathRecord;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.wire.ContentProperties;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Publishes what a queue gives up on. The source is settled only once every target has it: a crash in between repeats, never loses. */
final class DeadLetters {
    private final Vhosts vhosts;
    private final Shards shards;

    DeadLetters(Vhosts vhosts, Shards shards) {
        this.vhosts = vhosts;
        this.shards = shards;
    }

    /** Hears that every target answered. */
    @FunctionalInterface
    interface Done {
        /** Says whether the source may settle it: not where a log failed, while a queue that refused it had its say. */
        void sent(boolean all);
    }

    /** Routes the content on; {@code done} runs on the loop of whichever shard finished last, or here when there is no target. */
    void send(MessageQueue from, Content content, DeathRecord.Reason reason, long now, Done done) {
        boolean due = reason == DeathRecord.Reason.DUE;
        String name = due ? from.arguments().delayedFor() : from.arguments().deadLetterExchange();
        Topology topology = vhosts.get(from.ref().vhost());
        Exchange exchange = name == null || topology == null ? null : topology.exchange(name);
        if (topology == null || exchange == null) {
            done.sent(true);
            return;
        }
        Content dead = due ? MessageMarks.due(content) : buried(from, content, exchange, reason, now);
        Set<QueueRef> targets = new LinkedHashSet<>();
        topology.routeCopies(exchange, dead.routingKey(), new Attributes(dead.properties()), targets);
        if (!due) {
            targets.removeIf(target -> DeathRecord.cycle(dead, target.name()));
        }
        List<ShardCommand.Publish> publishes =
                shards.split(targets, dead, ContentProperties.persistent(dead.properties()), receipt(targets, done));
        if (publishes.isEmpty()) {
            done.sent(true);
        }
        for (ShardCommand.Publish publish : publishes) {
            shards.get(publish.queues().getFirst().shard()).submitLater(List.of(publish));
        }
    }

    private static Content buried(
            MessageQueue from, Content content, Exchange exchange, DeathRecord.Reason reason, long now) {
        String key = from.arguments().deadLetterRoutingKey();
        Content dead = DeathRecord.add(
                content,
                exchange.name(),
                key == null ? content.routingKey() : key,
                from.ref().name(),
                reason,
                now);
        // With a key of the queue's own, the copies the publisher asked for are over.
        return key == null ? dead : MessageMarks.without(dead, Attributes.COPIES);
    }

    private static Receipt receipt(Set<QueueRef> targets, Done done) {
        AtomicInteger left = new AtomicInteger(
                (int) targets.stream().mapToInt(QueueRef::shard).distinct().count());
        AtomicBoolean all = new AtomicBoolean(true);
        return (shard, ok) -> {
            if (!ok && shard.logFailed()) {
                all.set(false);
            }
            if (left.decrementAndGet() == 0) {
                done.sent(all.get());
            }
        };
    }
}
