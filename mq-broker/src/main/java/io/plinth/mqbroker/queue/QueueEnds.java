package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.exchange.QueueLifecycle;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.stats.Counts;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its shard's loop. Queues that go, with all they hold. What a queue held is dropped from the log only once its name is: a start in
 * between, or behind a deletion that could not be stored, finds it as it was, never there and empty.
 */
final class QueueEnds {
    private static final Logger LOG = LoggerFactory.getLogger(QueueEnds.class);

    private final Shard shard;
    private final Journal journal;
    private final Backlog backlog;
    private final Vhosts vhosts;
    private final Alarms alarms;
    private final QueueLifecycle lifecycle;
    /** By id, those whose name is still in the definitions' log, and who published to them since. */
    private final LongObjectMap<List<Receipt>> leaving = new LongObjectHashMap<>();

    QueueEnds(Shard shard, Journal journal, Backlog backlog, Shard.Parts parts) {
        this.shard = shard;
        this.journal = journal;
        this.backlog = backlog;
        this.vhosts = parts.vhosts();
        this.alarms = parts.alarms();
        this.lifecycle = parts.lifecycle();
    }

    /** Ends a queue that its shard has no more, whatever it holds; its consumers are told. {@code done} runs once that is durable. */
    void end(MessageQueue queue, Runnable done) {
        QueueRef ref = queue.ref();
        vhosts.departed(ref.vhost(), queue.stats().counts(), Counts.OF_QUEUES);
        for (Subscription consumer : queue.consumers().all()) {
            shard.outbox(consumer.channel.outlet()).add(new ShardEvent.Cancelled(consumer.channel, consumer.tag));
        }
        queue.consumers().all().clear();
        queue.waitingGets()
                .forEach(get -> shard.reply(get.channel(), () -> get.reply().accept(null)));
        queue.waitingGets().clear();
        queue.purging.forEach(Runnable::run);
        queue.purging.clear();
        queue.drain(entry -> backlog.left(entry.message));
        backlog.forget(queue);
        journal.ended(queue);
        if (ref.survives()) {
            leaving.put(ref.id(), new ArrayList<>(0));
            lifecycle.removed(ref, () -> forgotten(ref, done));
        } else {
            journal.dropped(ref);
            lifecycle.removed(ref, done);
        }
    }

    /** Whether the queue is gone from here, and a crash may bring it back. */
    boolean leaving(QueueRef queue) {
        return leaving.containsKey(queue.id());
    }

    /** Answers who published to a queue that is leaving, once a crash brings it back no more; refuses where it may for ever. */
    void behind(QueueRef queue, Receipt receipt) {
        leaving.get(queue.id()).add(receipt);
    }

    /** Its name is gone: from the definitions' log, too, unless that can store nothing before a restart. */
    private void forgotten(QueueRef ref, Runnable done) {
        boolean stored = !alarms.logFailed(Alarms.DEFINITIONS);
        if (!stored) {
            LOG.warn(
                    "{} is gone, but its deletion is not stored: behind a restart it is there again with its messages",
                    ref);
        }
        shard.later(() -> {
            if (stored) {
                journal.dropped(ref);
            }
            leaving.remove(ref.id()).forEach(receipt -> receipt.complete(shard, stored));
        });
        done.run();
    }
}
