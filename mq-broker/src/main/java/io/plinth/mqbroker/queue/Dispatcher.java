package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.DeathRecord;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.queue.ready.ReadyMessages;
import io.plinth.mqbroker.queue.ready.Unread;
import io.plinth.mqbroker.stats.Counts;
import java.time.Clock;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by its shard's loop. Moves messages out of queues: to consumers, past their time, to dead letters. */
final class Dispatcher implements DeadLetters.Source {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    /** With fewer in memory than these, more are read. */
    private static final int FEW = 256;

    private static final long RETRY_MILLIS = 1000;

    private final Shard shard;
    private final Journal journal;
    private final Backlog backlog;
    private final Clock clock;
    private final DeadLetters deadLetters;
    /** Queues something happened to in this turn. */
    private final Set<MessageQueue> touched = new LinkedHashSet<>();

    Dispatcher(Shard shard, Journal journal, Backlog backlog, Clock clock, Vhosts vhosts, Shards shards) {
        this.shard = shard;
        this.journal = journal;
        this.backlog = backlog;
        this.clock = clock;
        this.deadLetters = new DeadLetters(shard, this, backlog, clock, vhosts, shards);
    }

    DeadLetters deadLetters() {
        return deadLetters;
    }

    /** Has the queue looked at before the turn ends. */
    @Override
    public void touch(MessageQueue queue) {
        touched.add(queue);
    }

    void forget(MessageQueue queue) {
        touched.remove(queue);
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
        long now = clock.millis();
        ReadyMessages ready = queue.ready();
        ready.wake(now);
        if (queue.arguments().delayedFor() != null) {
            release(queue, now);
        } else {
            deliver(queue);
            trim(queue);
            expire(queue, now);
        }
        read(queue, ready.soonDue(now, backlog.few(), backlog.window()));
        ready.awaitedGroups().forEach(unread -> read(queue, unread));
        armWake(queue, ready.nextDue(now));
        journal.delivered(queue);
        armExpiry(queue);
        armUnused(queue);
    }

    /** A consumer with room comes before the limit does. */
    void trim(MessageQueue queue) {
        if (!queue.over()) {
            return;
        }
        deliver(queue);
        while (queue.over() && !deadLetters.most(queue)) {
            advance(queue);
            QueueEntry least = queue.ready().pollLeast();
            if (least == null) {
                read(queue, queue.ready().awaitedLeast());
                return;
            }
            giveUp(queue, least, DeathRecord.Reason.MAXLEN);
        }
    }

    /** Sends delayed messages on whose time has come, in that order: none before the content of one that is due sooner is here. */
    private void release(MessageQueue queue, long now) {
        ReadyMessages ready = queue.ready();
        for (QueueEntry due = ready.due(now); due != null && !deadLetters.most(queue); due = ready.due(now)) {
            if (due.message.content() == null && !due.message.isLost()) {
                load(queue);
                return;
            }
            ready.poll(due);
            if (due.message.isLost()) {
                remove(queue, due);
            } else {
                giveUp(queue, due, DeathRecord.Reason.DUE);
            }
        }
    }

    /** Has a page read, then looks at the queue again. */
    private void read(MessageQueue queue, @Nullable Unread unread) {
        if (unread == null) {
            return;
        }
        backlog.page(queue, unread, (page, entries) -> {
            if (page == null) {
                after(RETRY_MILLIS, () -> {
                    unread.loaded();
                    if (unread.purged() && shard.exists(queue)) {
                        purge(queue, List.of(unread));
                    } else if (unread.toldOnce() && shard.exists(queue)) {
                        read(queue, unread);
                    }
                    touch(queue);
                });
            } else {
                shard.turn(() -> arrived(queue, unread, page, entries));
            }
        });
    }

    private void arrived(MessageQueue queue, Unread unread, QueuePages.Page page, List<QueueEntry> entries) {
        unread.loaded();
        if (!shard.exists(queue)) {
            entries.forEach(entry -> backlog.left(entry.message));
            return;
        }
        boolean purged = unread.purged();
        long missing = queue.ready().read(unread, page, entries, backlog.few());
        if (missing != 0) {
            LOG.error(
                    "queue {}: {} messages fewer are there than were counted",
                    queue.ref().name(),
                    missing);
        }
        if (purged) {
            for (QueueEntry entry : entries) {
                // Its group never heard of it.
                entry.ungroup();
                remove(queue, entry);
            }
            purge(queue, List.of(unread));
        }
        touch(queue);
    }

    /** Settles what is not in memory and is to go; answers who waits for that once all is settled. */
    void purge(MessageQueue queue, List<Unread> parts) {
        boolean more = false;
        for (Unread unread : parts) {
            if (unread.purged()) {
                more = true;
                read(queue, unread);
            }
        }
        if (!more && !queue.ready().purging()) {
            queue.purging.forEach(Runnable::run);
            queue.purging.clear();
            shard.later(() -> queue.ready().purged(journal.last()));
        }
    }

    /** What was handed out comes back: to its place, to wait for another try, or away when it came back too often. */
    void comeBack(MessageQueue queue, QueueEntry entry) {
        QueueArguments arguments = queue.arguments();
        if (!arguments.counts()) {
            backlog.putBack(queue, entry, 0);
            return;
        }
        if (arguments.deliveryLimit() >= 0 && entry.returns >= arguments.deliveryLimit()) {
            entry.returns++;
            giveUp(queue, entry, DeathRecord.Reason.DELIVERY_LIMIT);
            return;
        }
        QueueArguments.Retry retry = arguments.retry();
        if (retry == null) {
            // One the index finds by a time stays so: to be read by its id, too, it may not come between.
            journal.returned(queue, entry, entry.timed() ? 1 : 0);
            backlog.putBack(queue, entry, 0);
        } else {
            long until = clock.millis() + retry.delay(entry.returns + 1);
            journal.returned(queue, entry, until);
            backlog.putBack(queue, entry, until);
        }
    }

    private void deliver(MessageQueue queue) {
        while (true) {
            advance(queue);
            QueueEntry head = liveHead(queue);
            if (head == null) {
                Unread awaited = queue.ready().awaited(clock.millis());
                if (awaited != null) {
                    read(queue, awaited);
                } else if (!deadLetters.most(queue)) {
                    answerGetsEmpty(queue);
                    queue.stats().capacity().free(journal.turnStarted());
                }
                return;
            }
            // With so many dead letters on their way none is handed out that may become one.
            if (!queue.wanted() || deadLetters.most(queue)) {
                return;
            }
            Content content = head.message.content();
            if (content == null) {
                queue.ahead = 0;
                load(queue);
                return;
            }
            ShardCommand.Get get = queue.waitingGets().pollFirst();
            if (get != null) {
                answerGet(queue, get, content);
            } else if (!handOut(queue, content)) {
                return;
            }
            readAhead(queue);
        }
    }

    private void advance(MessageQueue queue) {
        if (queue.ready().hasMore()) {
            backlog.advance(queue, clock.millis());
        }
    }

    private void load(MessageQueue queue) {
        if (!queue.loading) {
            queue.ahead += backlog.load(queue, () -> shard.turn(() -> touch(queue)));
        }
    }

    /** Has what comes soon read while what was read is handed out. */
    private void readAhead(MessageQueue queue) {
        if (queue.ahead > 0 && --queue.ahead < FEW) {
            load(queue);
        }
        Unread soon = queue.ready().soon(FEW);
        if (soon != null) {
            read(queue, soon);
        }
    }

    private @Nullable QueueEntry liveHead(MessageQueue queue) {
        QueueEntry head = queue.ready().head();
        long now = head == null || head.expiresAt == Long.MAX_VALUE ? Long.MIN_VALUE : clock.millis();
        while (head != null && (head.expiresAt < now || head.message.isLost())) {
            if (deadLetters.most(queue)) {
                return null;
            }
            queue.ready().poll();
            if (head.message.isLost()) {
                remove(queue, head);
            } else {
                giveUp(queue, head, DeathRecord.Reason.EXPIRED);
            }
            head = queue.ready().head();
        }
        return head;
    }

    /** Nobody took it in this turn: with a time to live of 0 that was its only chance. */
    private void expire(MessageQueue queue, long now) {
        QueueEntry head = queue.ready().head();
        while (head != null && head.expiresAt <= now && !deadLetters.most(queue)) {
            queue.ready().poll();
            if (head.message.isLost()) {
                remove(queue, head);
            } else {
                giveUp(queue, head, DeathRecord.Reason.EXPIRED);
            }
            head = queue.ready().head();
        }
    }

    private boolean handOut(MessageQueue queue, Content stored) {
        boolean scarce = backlog.scarce();
        Subscription to = queue.next(stored.size(), scarce);
        if (to == null) {
            queue.stats().capacity().lacks(journal.turnStarted());
            if (scarce && !queue.scarceArmed) {
                // Nobody tells when there is memory again.
                queue.scarceArmed = true;
                after(RETRY_MILLIS, () -> {
                    queue.scarceArmed = false;
                    touch(queue);
                });
            }
            return false;
        }
        QueueEntry entry = queue.ready().poll();
        queue.stats().capacity().free(journal.turnStarted());
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
            queue.handOut(entry, to);
            backlog.handedOut(entry);
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
        QueueEntry entry = queue.ready().poll();
        queue.stats().counts().got(get.noAck(), entry.redelivered);
        Content content = shown(queue, entry, stored);
        if (get.noAck()) {
            remove(queue, entry);
        } else {
            queue.handOut(entry, get.channel());
            backlog.handedOut(entry);
        }
        ShardCommand.Got got = new ShardCommand.Got(
                entry.id, entry.redelivered, content, queue.ready().count());
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
    @Override
    public void remove(MessageQueue queue, QueueEntry entry) {
        queue.ready().left(entry, backlog.few());
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
        queue.ready().left(entry, backlog.few());
        deadLetters.bury(queue, entry, reason);
    }

    private void armExpiry(MessageQueue queue) {
        QueueEntry head = queue.ready().head();
        if (head == null || head.expiresAt >= queue.expiryArmed) {
            return;
        }
        long at = head.expiresAt;
        queue.expiryArmed = at;
        after(Math.max(1, at + 1 - clock.millis()), () -> {
            // An earlier one was armed meanwhile, and has armed the next.
            if (queue.expiryArmed == at) {
                queue.expiryArmed = Long.MAX_VALUE;
                touch(queue);
            }
        });
    }

    private void armWake(MessageQueue queue, long at) {
        if (at >= queue.wakeArmed) {
            return;
        }
        queue.wakeArmed = at;
        after(Math.max(1, at - clock.millis()), () -> {
            if (queue.wakeArmed == at) {
                queue.wakeArmed = Long.MAX_VALUE;
                touch(queue);
            }
        });
    }

    private void armUnused(MessageQueue queue) {
        long expires = queue.arguments().expires();
        long at = queue.lastUsed + expires;
        if (expires < 0 || at >= queue.unusedArmed || !queue.consumers().isEmpty()) {
            return;
        }
        queue.unusedArmed = at;
        after(Math.max(1, at - clock.millis()), () -> {
            if (queue.unusedArmed == at) {
                queue.unusedArmed = Long.MAX_VALUE;
                unused(queue);
            }
        });
    }

    /** Removes the queue where nobody used it for as long as it goes by now, else looks at it again. */
    private void unused(MessageQueue queue) {
        long expires = queue.arguments().expires();
        if (!shard.exists(queue) || !queue.consumers().isEmpty()) {
            return;
        }
        if (expires >= 0 && clock.millis() >= queue.lastUsed + expires) {
            shard.remove(queue, () -> {});
        } else {
            touch(queue);
        }
    }

    private void after(long millis, Runnable work) {
        shard.loop().schedule(() -> shard.turn(work), millis, TimeUnit.MILLISECONDS);
    }
}
