package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stats.QueueStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. The state of one queue: what is ready, what is handed out, who consumes. Ready messages stand in the order of
 * their ids; one that comes back goes where it was.
 */
final class MessageQueue {
    /** What an entry takes beside its content. */
    static final int ENTRY_BYTES = 128;

    private final QueueRef ref;
    private QueueArguments arguments;
    private final Deque<QueueEntry> ready = new ArrayDeque<>();
    /** Came back; every id in here is below every id in {@link #ready}. */
    private final TreeMap<Long, QueueEntry> returned = new TreeMap<>();

    private final LongObjectMap<QueueEntry> unacked = new LongObjectHashMap<>();
    private final List<Subscription> consumers = new ArrayList<>();
    private final Deque<ShardCommand.Get> waitingGets = new ArrayDeque<>();
    private final QueueStats stats = new QueueStats();
    private int turn;
    private long readyBytes;
    private long deliveredUpTo;
    private long deliveredLogged;

    /** Whether content is being read back for its head. */
    boolean loading;
    /** When it was last used, epoch milliseconds, for x-expires. */
    long lastUsed;

    boolean expiryArmed;
    boolean unusedArmed;

    MessageQueue(QueueRef ref, QueueArguments arguments, long now) {
        this.ref = ref;
        this.arguments = arguments;
        this.lastUsed = now;
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

    QueueArguments arguments() {
        return arguments;
    }

    /** From now on it goes by these. */
    void arguments(QueueArguments changed) {
        arguments = changed;
    }

    void add(QueueEntry entry) {
        ready.addLast(entry);
        readyBytes += entry.message.size();
    }

    void putBack(QueueEntry entry) {
        entry.holder = null;
        entry.subscription = null;
        entry.redelivered = true;
        returned.put(entry.id, entry);
        readyBytes += entry.message.size();
    }

    @Nullable
    QueueEntry head() {
        return returned.isEmpty() ? ready.peekFirst() : returned.firstEntry().getValue();
    }

    /** Takes the head, which must be there. */
    QueueEntry poll() {
        QueueEntry entry = returned.isEmpty()
                ? ready.removeFirst()
                : returned.pollFirstEntry().getValue();
        readyBytes -= entry.message.size();
        return entry;
    }

    /** The first entries, at most so many and so many octets of content, whose content is not in memory. */
    List<QueueEntry> absent(int most, long bytes) {
        List<QueueEntry> absent = new ArrayList<>();
        long sum = 0;
        for (Iterable<QueueEntry> part : List.of(returned.values(), ready)) {
            for (QueueEntry entry : part) {
                if (absent.size() >= most || sum >= bytes) {
                    return absent;
                }
                if (entry.message.content() == null) {
                    absent.add(entry);
                    sum += entry.message.size();
                }
            }
        }
        return absent;
    }

    long readyCount() {
        return ready.size() + (long) returned.size();
    }

    long readyBytes() {
        return readyBytes;
    }

    /** Whether one more of the size goes past x-max-length or x-max-length-bytes. */
    boolean full(int size) {
        return (arguments.maxLength() >= 0 && readyCount() + 1 > arguments.maxLength())
                || (arguments.maxBytes() >= 0 && readyBytes + size > arguments.maxBytes());
    }

    boolean over() {
        return (arguments.maxLength() >= 0 && readyCount() > arguments.maxLength())
                || (arguments.maxBytes() >= 0 && readyBytes > arguments.maxBytes());
    }

    /** Hands the entry out until it is settled. */
    void handOut(QueueEntry entry, ChannelHandle holder, @Nullable Subscription subscription) {
        entry.holder = holder;
        entry.subscription = subscription;
        unacked.put(entry.id, entry);
        stats.unacked(entry.message.size());
        deliveredUpTo = Math.max(deliveredUpTo, entry.id);
    }

    /** Takes back what the channel was handed, or null where it was not. */
    @Nullable
    QueueEntry takeBack(long id, ChannelHandle holder) {
        QueueEntry entry = unacked.get(id);
        if (entry == null || entry.holder != holder) {
            return null;
        }
        unacked.remove(id);
        stats.unacked(-entry.message.size());
        if (entry.subscription != null) {
            entry.subscription.settled();
        }
        return entry;
    }

    /** Everything the channel holds, oldest first. */
    List<QueueEntry> heldBy(ChannelHandle holder) {
        List<QueueEntry> held = new ArrayList<>();
        for (QueueEntry entry : unacked.values()) {
            if (entry.holder == holder) {
                held.add(entry);
            }
        }
        held.sort(Comparator.comparingLong(entry -> entry.id));
        return held;
    }

    int unackedCount() {
        return unacked.size();
    }

    /** Takes every message, ready or handed out. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>(returned.values());
        all.addAll(ready);
        all.addAll(unacked.values());
        returned.clear();
        ready.clear();
        unacked.clear();
        readyBytes = 0;
        return all;
    }

    /** The highest id that was handed out since this last said so, or 0. */
    long newlyDelivered() {
        if (deliveredUpTo == deliveredLogged) {
            return 0;
        }
        deliveredLogged = deliveredUpTo;
        return deliveredUpTo;
    }

    /** What recovery found. */
    void deliveredUpTo(long id) {
        deliveredUpTo = id;
        deliveredLogged = id;
    }

    List<Subscription> consumers() {
        return consumers;
    }

    boolean exclusivelyUsed() {
        return consumers.size() == 1 && consumers.getFirst().exclusive;
    }

    /** Higher priorities stand first. */
    void subscribe(Subscription subscription) {
        int at = 0;
        while (at < consumers.size() && consumers.get(at).priority >= subscription.priority) {
            at++;
        }
        consumers.add(at, subscription);
    }

    /** Removes a consumer; false where it is not there. */
    boolean unsubscribe(ChannelHandle channel, @Nullable String tag) {
        return consumers.removeIf(c -> c.channel == channel && (tag == null || c.tag.equals(tag)));
    }

    /** The next consumer with room, in turn within one priority, higher priorities first; or null. */
    @Nullable
    Subscription next(int size) {
        int count = consumers.size();
        int from = 0;
        while (from < count) {
            int priority = consumers.get(from).priority;
            int to = from + 1;
            while (to < count && consumers.get(to).priority == priority) {
                to++;
            }
            for (int i = 0; i < to - from; i++) {
                Subscription candidate = consumers.get(from + Math.floorMod(turn + i, to - from));
                if (candidate.tryTake(size)) {
                    turn += i + 1;
                    return candidate;
                }
            }
            from = to;
        }
        return null;
    }

    /** Its numbers, for another thread. */
    QueueReport report(long now) {
        QueueEntry head = head();
        List<QueueReport.Consumer> all = new ArrayList<>();
        for (Subscription c : consumers) {
            all.add(new QueueReport.Consumer(
                    c.channel.outlet(), c.channel.number(), c.tag, c.noAck, c.exclusive, c.prefetch, true));
        }
        return new QueueReport(
                readyCount(),
                unackedCount(),
                readyBytes,
                stats.unackedBytes(),
                stats.persistent(),
                head == null ? 0 : stats.cameAt(head.id, now),
                lastUsed,
                stats.counts().copy(),
                stats.confirmed(),
                all);
    }

    Deque<ShardCommand.Get> waitingGets() {
        return waitingGets;
    }
}
