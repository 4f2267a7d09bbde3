package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.argument.DedupCache;
import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.argument.QueueArguments.Overflow;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.wire.ContentProperties;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. Takes messages into queues, or refuses them. */
final class Intake {
    private final Shard shard;
    private final Journal journal;
    private final Backlog backlog;
    private final Clock clock;
    private final DeadLetters deadLetters;
    private final Dispatcher dispatcher;
    private final QueueEnds ends;

    Intake(Shard shard, Journal journal, Backlog backlog, Clock clock, Dispatcher dispatcher, QueueEnds ends) {
        this.shard = shard;
        this.journal = journal;
        this.backlog = backlog;
        this.clock = clock;
        this.deadLetters = dispatcher.deadLetters();
        this.dispatcher = dispatcher;
        this.ends = ends;
    }

    void publish(ShardCommand.Publish command, LongObjectMap<MessageQueue> queues) {
        Content content = command.content();
        List<MessageQueue> into = new ArrayList<>(command.queues().size());
        boolean logged = false;
        boolean refused = false;
        MessageQueue known = null;
        boolean several = command.queues().size() > 1;
        List<QueueRef> durable = several ? new ArrayList<>(command.queues().size()) : command.queues();
        List<MessageQueue> dying = List.of();
        boolean leaving = false;
        int bodySize = content.body().length;
        for (QueueRef ref : command.queues()) {
            MessageQueue queue = queues.get(ref.id());
            if (queue == null) {
                leaving |= ref.keeps(command.persistent()) && ends.leaving(ref);
                continue;
            }
            boolean lasting = ref.keeps(command.persistent());
            if (seen(queue, content, lasting)) {
                if (lasting) {
                    known = queue;
                    if (several) {
                        durable.add(ref);
                    }
                }
                continue;
            }
            if (queue.arguments().overflow() != Overflow.DROP_HEAD && queue.full(bodySize)) {
                refused = true;
                if (queue.arguments().overflow() == Overflow.REJECT_DEAD_LETTER) {
                    dying = new ArrayList<>(dying);
                    dying.add(queue);
                }
                continue;
            }
            into.add(queue);
            logged |= lasting;
            if (several && lasting) {
                durable.add(ref);
            }
        }
        if ((logged || known != null) && journal.refuses()) {
            command.receipt().unstored(shard, command.queues());
            return;
        }
        // Not before it is known that this is not sent again for want of room.
        Receipt receipt = dying.isEmpty() && !leaving ? command.receipt() : gather(dying, command);
        if (into.isEmpty()) {
            complete(receipt, !refused, known, durable);
            return;
        }
        long sequence = enter(content, into, command.persistent(), logged);
        for (MessageQueue queue : into) {
            // At once: what follows in this turn must find the queue within its limit.
            dispatcher.trim(queue);
        }
        if (logged) {
            journal.await(sequence, receipt, !refused, into.getFirst(), durable);
        } else {
            complete(receipt, !refused, known, durable);
        }
    }

    private Receipt gather(List<MessageQueue> dying, ShardCommand.Publish command) {
        GatheredReceipt receipt = new GatheredReceipt(shard, command.receipt());
        for (QueueRef ref : command.queues()) {
            if (ref.keeps(command.persistent()) && ends.leaving(ref)) {
                receipt.more();
                ends.behind(ref, receipt);
            }
        }
        for (MessageQueue queue : dying) {
            receipt.more();
            deadLetters.refused(queue, command.content(), () -> receipt.complete(shard, false));
        }
        return receipt;
    }

    /** Answers what is not logged: where a queue had one of the same, once that is on disk. */
    private void complete(Receipt receipt, boolean ok, @Nullable MessageQueue known, List<QueueRef> durable) {
        if (known == null) {
            receipt.complete(shard, ok);
        } else {
            journal.awaitEntered(shard, receipt, ok, known, durable);
        }
    }

    private long enter(Content content, List<MessageQueue> into, boolean persistent, boolean logged) {
        long now = clock.millis();
        String expiration = ContentProperties.text(content.properties(), ContentProperties.Field.EXPIRATION);
        long own = expiration == null ? -1 : Long.parseLong(expiration);
        List<Effect.Target> targets = new ArrayList<>(into.size());
        List<Effect.Target> durable = new ArrayList<>(into.size());
        for (MessageQueue queue : into) {
            Effect.Target target = target(queue, content, now, own);
            targets.add(target);
            if (queue.ref().keeps(persistent)) {
                durable.add(target);
            }
        }
        Message message = new Message(content);
        long sequence =
                logged ? journal.enqueued(durable, message, content) : journal.passing(targets, message, content);
        boolean leaves = false;
        for (int i = 0; i < into.size(); i++) {
            MessageQueue queue = into.get(i);
            message.retain();
            boolean lasting = queue.ref().keeps(persistent);
            queue.stats().entered(sequence, lasting, now);
            queue.stats().counts().add(Counts.Kind.PUBLISH, 1);
            Effect.Target target = targets.get(i);
            leaves |= backlog.add(queue, entry(target, sequence, message, lasting));
            DedupCache dedup = queue.dedup();
            if (dedup != null && target.dedup() != null) {
                dedup.remember(sequence, target.dedup(), lasting);
            }
            dispatcher.touch(queue);
        }
        // Its segment may go once the durable queues are done with it, so a queue that is not durable needs it in
        // memory.
        backlog.entered(message, into.size(), sequence, logged && durable.size() == into.size(), leaves);
        return sequence;
    }

    /**
     * Whether the queue saw a message of the same key; what it need not remember any more is forgotten first.
     *
     * @param lasting whether that must be one that is on disk: this one is confirmed on its word
     */
    private boolean seen(MessageQueue queue, Content content, boolean lasting) {
        DedupCache dedup = queue.dedup();
        if (dedup == null) {
            return false;
        }
        String key = MessageMarks.text(content, dedup.settings().header());
        if (key == null) {
            return false;
        }
        if (dedup.knows(key, lasting, clock.millis())) {
            return true;
        }
        journal.forgotten(queue, dedup.forget(clock.millis()));
        return false;
    }

    private static Effect.Target target(MessageQueue queue, Content content, long now, long own) {
        QueueArguments arguments = queue.arguments();
        if (arguments.delayedFor() != null) {
            long due = now + MessageMarks.delay(content);
            return new Effect.Target(queue.id(), Long.MAX_VALUE, 0, null, null, new Effect.Hold(0, due));
        }
        long expiresAt = expiresAt(now, own, arguments.ttl());
        DedupCache dedup = queue.dedup();
        if (arguments.maxPriority() == 0 && !arguments.groups() && dedup == null) {
            return new Effect.Target(queue.id(), expiresAt);
        }
        int priority = arguments.maxPriority() == 0
                ? 0
                : arguments.priority(
                        ContentProperties.octet(content.properties(), ContentProperties.Field.PRIORITY, 0));
        String group = arguments.groups() ? MessageMarks.text(content, QueueArguments.GROUP_HEADER) : null;
        String key = dedup == null
                ? null
                : MessageMarks.text(content, dedup.settings().header());
        return new Effect.Target(
                queue.id(),
                expiresAt,
                priority,
                group,
                key == null || dedup == null ? null : new Effect.Dedup(key, dedup.until(now)),
                null);
    }

    private static QueueEntry entry(Effect.Target target, long id, Message message, boolean durable) {
        Effect.Hold hold = target.hold();
        return new QueueEntry(id, message, target.expiresAt(), durable, target.priority(), target.group())
                .waits(hold == null ? 0 : hold.until());
    }

    private static long expiresAt(long now, long own, long ofQueue) {
        long ttl = own < 0 ? ofQueue : ofQueue < 0 ? own : Math.min(own, ofQueue);
        return ttl < 0 ? Long.MAX_VALUE : now + ttl;
    }
}
