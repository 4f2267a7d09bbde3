package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.argument.DedupCache;
import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.RecoveredShard;
import io.plinth.mqbroker.queue.ready.Holder;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.queue.ready.ReadyMessages;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stats.QueueStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. The state of one queue: what is ready or waits, what is handed out, who consumes. */
final class MessageQueue {
    /** What an entry takes beside its content. */
    static final int ENTRY_BYTES = 128;

    private final QueueRef ref;
    private QueueArguments arguments;
    private final ReadyMessages ready;
    private final @Nullable DedupCache dedup;
    /** By {@link #scattered} id. */
    private final LongObjectMap<QueueEntry> unacked = new LongObjectHashMap<>(2);

    private final ConsumerTurns consumers = new ConsumerTurns();
    private final Deque<ShardCommand.Get> waitingGets = new ArrayDeque<>(0);
    private final QueueStats stats = new QueueStats();
    /** Dead letters on their way, not settled here yet; null before the first. */
    private @Nullable Set<QueueEntry> dying;

    /** Dead letters whose targets could not store them; null before the first. */
    DeadLetters.@Nullable Waiting waiting;

    /** Answers to purges that are not through. */
    final List<Runnable> purging = new ArrayList<>();

    private long deliveredUpTo;
    private long deliveredBefore;
    private long deliveredLogged;

    /** Whether it is looked at again because memory was scarce. */
    boolean scarceArmed;
    /** Whether content is being read back for its head. */
    boolean loading;
    /** Contents that were read back and not handed out yet. */
    int ahead;
    /** How many messages the next page has. */
    int page;

    private long headId = -1;
    private long headTimestamp = -1;
    /** When it was last used, epoch milliseconds, for x-expires. */
    long lastUsed;

    /** When the head is looked at because its time is over, epoch milliseconds. */
    long expiryArmed = Long.MAX_VALUE;
    /** When it is looked at because nobody uses it, epoch milliseconds. */
    long unusedArmed = Long.MAX_VALUE;
    /** When the next look at what waits for its time is due, epoch milliseconds. */
    long wakeArmed = Long.MAX_VALUE;

    MessageQueue(QueueRef ref, QueueArguments arguments, long now) {
        this.ref = ref;
        this.arguments = arguments;
        this.lastUsed = now;
        this.ready = new ReadyMessages(
                arguments.maxPriority(), arguments.twoLevels(), arguments.groups(), arguments.delayedFor() != null);
        this.dedup = arguments.dedup() == null ? null : new DedupCache(arguments.dedup());
    }

    /** Takes what recovery found: nothing of it is read before it is needed. */
    void restore(RecoveredShard recovered, long now) {
        Map<Integer, Holding> holdings = recovered.holdings(id());
        ready.restore(holdings, recovered.sequence());
        holdings.values().forEach(holding -> stats.restored(holding.count(), now));
        deliveredBefore = recovered.deliveredUpTo(id());
        deliveredUpTo = deliveredBefore;
        deliveredLogged = deliveredBefore;
        if (dedup != null) {
            dedup.restore(recovered.remembered(id()));
        }
    }

    QueueRef ref() {
        return ref;
    }

    long id() {
        return ref.id();
    }

    QueueStats stats() {
        return stats;
    }

    ReadyMessages ready() {
        return ready;
    }

    ConsumerTurns consumers() {
        return consumers;
    }

    QueueArguments arguments() {
        return arguments;
    }

    /** From now on it goes by these. */
    void arguments(QueueArguments changed) {
        arguments = changed;
    }

    @Nullable
    DedupCache dedup() {
        return dedup;
    }

    /** Whether a message that is read, and has not come back since, was handed out before the start. */
    boolean deliveredBefore(long id) {
        return id <= deliveredBefore;
    }

    /** Whether one more with such a body goes past x-max-length or x-max-length-bytes. */
    boolean full(int bodySize) {
        return past(ready.count() + 1, ready.bytes() + bodySize);
    }

    boolean over() {
        return past(ready.count(), ready.bytes());
    }

    private boolean past(long count, long bytes) {
        return (arguments.maxLength() >= 0 && count > arguments.maxLength())
                || (arguments.maxBytes() >= 0 && bytes > arguments.maxBytes());
    }

    /** Hands the entry out until it is settled. */
    void handOut(QueueEntry entry, Holder holder) {
        entry.holder = holder;
        unacked.put(scattered(entry.id), entry);
        stats.unacked(entry.message.bodySize());
        deliveredUpTo = Math.max(deliveredUpTo, entry.id);
    }

    /** Ids follow each other: as they are they would fill the map in one run, all of which is looked at for each that goes. */
    private static long scattered(long id) {
        return id * 0x9E37_79B9_7F4A_7C15L;
    }

    /** Takes back what the channel was handed, or null where it was not. */
    @Nullable
    QueueEntry takeBack(long id, ChannelHandle holder) {
        QueueEntry entry = unacked.get(scattered(id));
        if (entry == null || entry.holder == null || entry.holder.channel() != holder) {
            return null;
        }
        unacked.remove(scattered(id));
        stats.unacked(-entry.message.bodySize());
        entry.holder.settled();
        entry.holder = null;
        return entry;
    }

    /** Everything the channel holds, oldest first. */
    List<QueueEntry> heldBy(ChannelHandle holder) {
        List<QueueEntry> held = new ArrayList<>();
        for (QueueEntry entry : unacked.values()) {
            if (entry.holder != null && entry.holder.channel() == holder) {
                held.add(entry);
            }
        }
        held.sort(Comparator.comparingLong(entry -> entry.id));
        return held;
    }

    /** A dead letter is on its way. */
    void dies(QueueEntry entry) {
        if (dying == null) {
            dying = new HashSet<>();
        }
        dying.add(entry);
    }

    /** It is there, or will not be. */
    void died(QueueEntry entry) {
        if (dying != null) {
            dying.remove(entry);
        }
    }

    /** How many dead letters are on their way. */
    int dying() {
        return dying == null ? 0 : dying.size();
    }

    int unackedCount() {
        return unacked.size();
    }

    ShardCommand.Status status() {
        return new ShardCommand.Status(
                ready.count(), unackedCount(), consumers.all().size());
    }

    /** Records of messages stand elsewhere now, by id. */
    void moved(Map<Long, Long> places) {
        forEach(entry -> {
            Long to = places.get(entry.id);
            if (to != null) {
                entry.message.position(to);
            }
        });
    }

    /** Calls {@code each} for every message in memory. */
    void forEach(Consumer<QueueEntry> each) {
        ready.forEach(each);
        unacked.values().forEach(each);
        if (dying != null) {
            dying.forEach(each);
        }
    }

    /** Takes every message in memory, ready or handed out. */
    void drain(Consumer<QueueEntry> each) {
        ready.drain(each);
        unacked.values().forEach(each);
        unacked.clear();
    }

    /** The highest id that was handed out since this last said so, or 0. */
    long newlyDelivered() {
        if (deliveredUpTo == deliveredLogged) {
            return 0;
        }
        deliveredLogged = deliveredUpTo;
        return deliveredUpTo;
    }

    /** The next consumer with room, or null. */
    @Nullable
    Subscription next(int size, boolean scarce) {
        return arguments.singleActive() ? consumers.nextOfOne(size, scarce) : consumers.next(size, scarce);
    }

    /** Whether anybody asks for messages. */
    boolean wanted() {
        return !waitingGets.isEmpty() || !consumers.isEmpty();
    }

    /**
     * Its numbers, for another thread.
     *
     * @param now epoch milliseconds
     * @param nanos the time its capacity goes by
     */
    QueueReport report(long now, long nanos, QueueReport.State state) {
        long oldest = ready.oldest();
        List<QueueReport.Consumer> all = new ArrayList<>();
        for (Subscription c : consumers.all()) {
            all.add(new QueueReport.Consumer(
                    c.channel.outlet(),
                    c.channel.number(),
                    c.tag,
                    c.noAck,
                    c.exclusive,
                    c.prefetch,
                    !arguments.singleActive() || c == consumers.active(),
                    c.arguments));
        }
        return new QueueReport(
                ready.count(),
                unackedCount(),
                ready.bytes(),
                stats.unackedBytes(),
                stats.persistent(),
                oldest == 0 ? 0 : stats.cameAt(oldest, now),
                headTimestamp(),
                lastUsed,
                state,
                consumers.isEmpty() ? 0 : stats.capacity().fraction(nanos),
                // Of most, where there are many.
                stats.counts().isZero()
                        ? QueueReport.NOTHING.counts()
                        : stats.counts().copy(),
                stats.confirmed(),
                all);
    }

    private long headTimestamp() {
        QueueEntry head = ready.head();
        return head != null && knowsHead(head.id) ? headTimestamp : -1;
    }

    /** What the message of the id, when last looked at the first, says as its time: epoch seconds, -1 for none. */
    void headSays(long id, long timestamp) {
        headId = id;
        headTimestamp = timestamp;
    }

    /** Whether it is known what that message says. */
    boolean knowsHead(long id) {
        return headId == id;
    }

    Deque<ShardCommand.Get> waitingGets() {
        return waitingGets;
    }
}
