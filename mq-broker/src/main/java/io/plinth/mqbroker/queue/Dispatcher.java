package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.queue.QueueArguments.Overflow;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.wire.ContentProperties;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Owned by its shard's loop. Moves messages: into queues, out to consumers, past their time, to dead letters. */
final class Dispatcher {
    private final Shard shard;
    private final Journal journal;
    private final Backlog backlog;
    private final Clock clock;
    private final DeadLetters deadLetters;
    /** Queues something happened to in this turn. */
    private final Set<MessageQueue> touched = new LinkedHashSet<>();

    Dispatcher(Shard shard, Journal journal, Backlog backlog, Clock clock, DeadLetters deadLetters) {
        this.shard = shard;
        this.journal = journal;
        this.backlog = backlog;
        this.clock = clock;
        this.deadLetters = deadLetters;
    }

    /** Has the queue looked at before the turn ends. */
    void touch(MessageQueue queue) {
        touched.add(queue);
    }

    void forget(MessageQueue queue) {
        touched.remove(queue);
    }

    void publish(ShardCommand.Publish command, LongObjectMap<MessageQueue> queues) {
        Content content = command.content();
        List<MessageQueue> into = new ArrayList<>(command.queues().size());
        boolean logged = false;
        boolean refused = false;
        int size = content.size();
        for (QueueRef ref : command.queues()) {
            MessageQueue queue = queues.get(ref.id());
            if (queue == null) {
                continue;
            }
            if (seen(queue, content)) {
                continue;
            }
            if (queue.arguments().overflow() != Overflow.DROP_HEAD && queue.full(size)) {
                refused = true;
                if (queue.arguments().overflow() == Overflow.REJECT_DEAD_LETTER) {
                    deadLetters.send(queue, content, DeathRecord.Reason.MAXLEN, clock.millis(), sent -> {});
                }
                continue;
            }
            into.add(queue);
            logged |= command.persistent() && ref.survives();
        }
        if (into.isEmpty() || (logged && journal.failed())) {
            command.receipt().complete(shard, !refused && !logged);
            return;
        }
        long sequence = enter(content, into, command.persistent(), logged);
        for (MessageQueue queue : into) {
            // At once: what follows in this turn must find the queue within its limit.
            trim(queue);
        }
        if (logged) {
            journal.await(sequence, command.receipt(), !refused, into.getFirst());
        } else {
            command.receipt().complete(shard, !refused);
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
            if (persistent && queue.ref().survives()) {
                durable.add(target);
            }
        }
        Message message = new Message(content);
        long sequence =
                logged ? journal.enqueued(durable, message, content) : journal.passing(targets, message, content);
        for (int i = 0; i < into.size(); i++) {
            MessageQueue queue = into.get(i);
            message.retain();
            boolean lasting = persistent && queue.ref().survives();
            queue.stats().entered(sequence, lasting, now);
            queue.stats().counts().add(Counts.Kind.PUBLISH, 1);
            Effect.Target target = targets.get(i);
            queue.add(entry(queue, target, sequence, message, lasting, false));
            DedupCache dedup = queue.dedup();
            if (dedup != null && target.dedup() != null) {
                dedup.remember(sequence, target.dedup());
            }
            touch(queue);
        }
        // Its segment may go once the durable queues are done with it, so a queue that is not durable needs it in
        // memory.
        backlog.entered(message, into.size(), sequence, logged && durable.size() == into.size());
        return sequence;
    }

    /** Whether the queue saw a message of the same key; what it need not remember any more is forgotten first. */
    private boolean seen(MessageQueue queue, Content content) {
        DedupCache dedup = queue.dedup();
        if (dedup == null) {
            return false;
        }
        String key = MessageMarks.text(content, dedup.settings().header());
        if (key == null) {
            return false;
        }
        if (dedup.knows(key) && !dedup.expired(key, clock.millis())) {
            return true;
        }
        journal.forgotten(queue, dedup.forget(clock.millis()));
        return false;
    }

    private static Effect.Target target(MessageQueue queue, Content content, long now, long own) {
        QueueArguments arguments = queue.arguments();
        if (arguments.delayedFor() != null) {
            return new Effect.Target(queue.id(), now + Math.max(0, MessageMarks.delay(content)));
        }
        long expiresAt = expiresAt(now, own, arguments.ttl());
        DedupCache dedup = queue.dedup();
        if (arguments.maxPriority() == 0 && !arguments.groups() && dedup == null) {
            return new Effect.Target(queue.id(), expiresAt);
        }
        int priority = arguments.maxPriority() == 0
                ? 0
                : Math.min(
                        arguments.maxPriority(),
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
                key == null || dedup == null ? null : new Effect.Dedup(key, dedup.until(now)));
    }

    /** An entry as its target says; in a queue of delayed messages, the time says when they are due. */
    static QueueEntry entry(
            MessageQueue queue, Effect.Target target, long id, Message message, boolean durable, boolean redelivered) {
        boolean delays = queue.arguments().delayedFor() != null;
        QueueEntry entry = new QueueEntry(
                id,
                message,
                delays ? Long.MAX_VALUE : target.expiresAt(),
                durable,
                redelivered,
                target.priority(),
                target.group());
        entry.availableAt = delays ? target.expiresAt() : 0;
        return entry;
    }

    private static long expiresAt(long now, long own, long ofQueue) {
        long ttl = own < 0 ? ofQueue : ofQueue < 0 ? own : Math.min(own, ofQueue);
        return ttl < 0 ? Long.MAX_VALUE : now + ttl;
    }

    /** Hands out what can be handed out, of every queue touched in this turn. */
    void drain() {
        while (!touched.isEmpty()) {
            List<MessageQueue> now = List.copyOf(touched);
            touched.clear();
            for (MessageQueue queue : now) {
                if (shard.exists(queue)) {
                    drain(queue);
                }
            }
        }
    }

    /** Does what is due for one queue now, so that its numbers are true. */
    void drain(MessageQueue queue) {
        long next = queue.wake(clock.millis());
        if (queue.arguments().delayedFor() != null) {
            release(queue);
        } else {
            deliver(queue);
            trim(queue);
        }
        armWake(queue, next);
        journal.delivered(queue);
        armExpiry(queue);
        armUnused(queue);
    }

    /** A consumer with room comes before the limit does. */
    private void trim(MessageQueue queue) {
        if (!queue.over()) {
            return;
        }
        deliver(queue);
        while (queue.over()) {
            QueueEntry least = queue.pollLeast();
            if (least == null) {
                return;
            }
            giveUp(queue, least, DeathRecord.Reason.MAXLEN);
        }
    }

    /** Routes the delayed messages whose time has come. */
    private void release(MessageQueue queue) {
        while (queue.head() != null) {
            giveUp(queue, queue.poll(), DeathRecord.Reason.DUE);
        }
    }

    /** What was handed out comes back: to its place, to wait for another try, or away when it came back too often. */
    void comeBack(MessageQueue queue, QueueEntry entry) {
        QueueArguments arguments = queue.arguments();
        if (!arguments.counts()) {
            queue.putBack(entry, 0);
            return;
        }
        entry.returns++;
        if (arguments.deliveryLimit() >= 0 && entry.returns > arguments.deliveryLimit()) {
            giveUp(queue, entry, DeathRecord.Reason.DELIVERY_LIMIT);
            return;
        }
        QueueArguments.Retry retry = arguments.retry();
        long availableAt = retry == null ? 0 : clock.millis() + retry.delay(entry.returns);
        journal.returned(queue, entry, availableAt);
        queue.putBack(entry, availableAt);
    }

    private void deliver(MessageQueue queue) {
        while (true) {
            QueueEntry head = liveHead(queue);
            if (head == null) {
                answerGetsEmpty(queue);
                return;
            }
            boolean wanted =
                    !queue.waitingGets().isEmpty() || !queue.consumers().isEmpty();
            if (!wanted || queue.loading) {
                return;
            }
            Content content = head.message.content();
            if (content == null) {
                backlog.load(queue, () -> shard.turn(() -> touch(queue)));
                return;
            }
            ShardCommand.Get get = queue.waitingGets().pollFirst();
            if (get != null) {
                answerGet(queue, get, content);
            } else if (!handOut(queue, content)) {
                return;
            }
        }
    }

    private @org.jspecify.annotations.Nullable QueueEntry liveHead(MessageQueue queue) {
        QueueEntry head = queue.head();
        long now = head == null || head.expiresAt == Long.MAX_VALUE ? Long.MIN_VALUE : clock.millis();
        while (head != null && (head.expiresAt < now || head.message.isLost())) {
            queue.poll();
            if (head.message.isLost()) {
                remove(queue, head);
            } else {
                giveUp(queue, head, DeathRecord.Reason.EXPIRED);
            }
            head = queue.head();
        }
        return head;
    }

    private boolean handOut(MessageQueue queue, Content stored) {
        Subscription to = queue.next(stored.size());
        if (to == null) {
            return false;
        }
        QueueEntry entry = queue.poll();
        queue.stats().counts().delivered(to.noAck, entry.redelivered);
        Content content = shown(queue, entry, stored);
        shard.outbox(to.channel.outlet())
                .add(new ShardEvent.Delivered(
                        to.channel,
                        to.tag,
                        to.noAck,
                        shard.number(),
                        queue.id(),
                        entry.id,
                        entry.redelivered,
                        content));
        if (to.noAck) {
            remove(queue, entry);
        } else {
            queue.handOut(entry, to.channel, to);
        }
        return true;
    }

    /** A message that came back says how often, where the queue counts it. */
    private static Content shown(MessageQueue queue, QueueEntry entry, Content content) {
        return entry.returns == 0 || !queue.arguments().counts()
                ? content
                : MessageMarks.with(content, "x-delivery-count", (long) entry.returns);
    }

    private void answerGet(MessageQueue queue, ShardCommand.Get get, Content stored) {
        QueueEntry entry = queue.poll();
        queue.stats().counts().got(get.noAck(), entry.redelivered);
        Content content = shown(queue, entry, stored);
        if (get.noAck()) {
            remove(queue, entry);
        } else {
            queue.handOut(entry, get.channel(), null);
        }
        ShardCommand.Got got = new ShardCommand.Got(entry.id, entry.redelivered, content, queue.readyCount());
        shard.outbox(get.channel().outlet())
                .add(new ShardEvent.Replied(() -> get.reply().accept(got)));
    }

    private void answerGetsEmpty(MessageQueue queue) {
        for (ShardCommand.Get get = queue.waitingGets().pollFirst();
                get != null;
                get = queue.waitingGets().pollFirst()) {
            ShardCommand.Get empty = get;
            queue.stats().counts().add(Counts.Kind.GET_EMPTY, 1);
            shard.outbox(get.channel().outlet())
                    .add(new ShardEvent.Replied(() -> empty.reply().accept(null)));
        }
    }

    /** The entry, in no part of the queue any more, is settled for good. */
    void remove(MessageQueue queue, QueueEntry entry) {
        queue.left(entry);
        journal.settled(queue, entry);
        queue.stats().left(entry.durable);
        backlog.left(entry.message);
    }

    /** The entry, in no part of the queue any more, goes to the dead letters where the queue has them, else away. */
    void giveUp(MessageQueue queue, QueueEntry entry, DeathRecord.Reason reason) {
        if (queue.arguments().deadLetterExchange() == null && reason != DeathRecord.Reason.DUE) {
            remove(queue, entry);
            return;
        }
        queue.left(entry);
        Content content = entry.message.content();
        if (content != null) {
            bury(queue, entry, content, reason);
        } else {
            backlog.load(
                    List.of(entry.message),
                    () -> shard.turn(() -> {
                        Content loaded = entry.message.content();
                        if (loaded == null) {
                            remove(queue, entry);
                        } else {
                            bury(queue, entry, loaded, reason);
                        }
                    }));
        }
    }

    private void bury(MessageQueue queue, QueueEntry entry, Content content, DeathRecord.Reason reason) {
        deadLetters.send(
                queue,
                content,
                reason,
                clock.millis(),
                // Not settled where a target's log has failed: after a restart it is here again.
                sent -> shard.later(sent ? () -> remove(queue, entry) : () -> backlog.left(entry.message)));
    }

    private void armExpiry(MessageQueue queue) {
        QueueEntry head = queue.head();
        if (head == null || head.expiresAt == Long.MAX_VALUE || queue.expiryArmed) {
            return;
        }
        queue.expiryArmed = true;
        long delay = Math.max(1, head.expiresAt + 1 - clock.millis());
        after(delay, () -> {
            queue.expiryArmed = false;
            touch(queue);
        });
    }

    private void armWake(MessageQueue queue, long at) {
        if (at >= queue.wakeArmed) {
            return;
        }
        queue.wakeArmed = at;
        after(Math.max(1, at - clock.millis()), () -> {
            queue.wakeArmed = Long.MAX_VALUE;
            touch(queue);
        });
    }

    private void armUnused(MessageQueue queue) {
        long expires = queue.arguments().expires();
        if (expires < 0 || queue.unusedArmed || !queue.consumers().isEmpty()) {
            return;
        }
        queue.unusedArmed = true;
        after(Math.max(1, queue.lastUsed + expires - clock.millis()), () -> {
            queue.unusedArmed = false;
            if (!shard.exists(queue) || !queue.consumers().isEmpty()) {
                return;
            }
            if (clock.millis() >= queue.lastUsed + expires) {
                shard.remove(queue, () -> {});
            } else {
                touch(queue);
            }
        });
    }

    private void after(long millis, Runnable work) {
        shard.loop().schedule(() -> shard.turn(work), millis, TimeUnit.MILLISECONDS);
    }
}
