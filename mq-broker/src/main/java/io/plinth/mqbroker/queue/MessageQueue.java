package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stats.QueueStats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. The state of one queue: what is ready, what waits for its time or its group, what is handed out, who consumes.
 */
final class MessageQueue {
    /** What an entry takes beside its content. */
    static final int ENTRY_BYTES = 128;

    private final QueueRef ref;
    private QueueArguments arguments;
    private final Lane[] lanes;
    /** Which lanes have something. */
    private final BitSet filled = new BitSet();
    /** Not to be handed out before their time. */
    private final PriorityQueue<QueueEntry> later = new PriorityQueue<>(
            Comparator.<QueueEntry>comparingLong(entry -> entry.availableAt).thenComparingLong(entry -> entry.id));

    private final @Nullable GroupOrder groups;
    private final @Nullable DedupCache dedup;
    private final LongObjectMap<QueueEntry> unacked = new LongObjectHashMap<>();
    private final List<Subscription> consumers = new ArrayList<>();
    private final Deque<ShardCommand.Get> waitingGets = new ArrayDeque<>();
    private final QueueStats stats = new QueueStats();
    private @Nullable Subscription active;
    private int turn;
    private long readyCount;
    private long readyBytes;
    private long deliveredUpTo;
    private long deliveredLogged;

    /** Whether content is being read back for its head. */
    boolean loading;
    /** When it was last used, epoch milliseconds, for x-expires. */
    long lastUsed;

    boolean expiryArmed;
    boolean unusedArmed;
    /** When the next look at what waits for its time is due, epoch milliseconds. */
    long wakeArmed = Long.MAX_VALUE;

    MessageQueue(QueueRef ref, QueueArguments arguments, long now) {
        this.ref = ref;
        this.arguments = arguments;
        this.lastUsed = now;
        this.lanes = new Lane[arguments.maxPriority() + 1];
        this.groups = arguments.groups() ? new GroupOrder() : null;
        this.dedup = arguments.dedup() == null ? null : new DedupCache(arguments.dedup());
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

    @Nullable
    DedupCache dedup() {
        return dedup;
    }

    /** Takes a message that is new here; ids only grow. */
    void add(QueueEntry entry) {
        counted(entry, 1);
        if (groups != null && !groups.enter(entry)) {
            return;
        }
        if (entry.availableAt > 0) {
            later.add(entry);
        } else {
            lane(entry).add(entry);
        }
    }

    private Lane lane(QueueEntry entry) {
        int at = Math.min(entry.priority, lanes.length - 1);
        filled.set(at);
        Lane lane = lanes[at];
        if (lane == null) {
            lane = new Lane();
            lanes[at] = lane;
        }
        return lane;
    }

    private void counted(QueueEntry entry, int change) {
        readyCount += change;
        readyBytes += change * (long) entry.message.size();
    }

    /** Takes a message back that was handed out; it is not handed out again before {@code availableAt}. */
    void putBack(QueueEntry entry, long availableAt) {
        entry.holder = null;
        entry.subscription = null;
        entry.redelivered = true;
        entry.availableAt = availableAt;
        counted(entry, 1);
        if (availableAt > 0) {
            later.add(entry);
        } else {
            lane(entry).putBack(entry);
        }
    }

    /** Makes ready what waited for a time that has come; returns when to look again, {@link Long#MAX_VALUE} for never. */
    long wake(long now) {
        for (QueueEntry first = later.peek(); first != null; first = later.peek()) {
            if (first.availableAt > now) {
                return first.availableAt;
            }
            later.remove();
            first.availableAt = 0;
            lane(first).putBack(first);
        }
        return Long.MAX_VALUE;
    }

    private @Nullable Lane top() {
        int at = filled.length() - 1;
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.length() - 1;
        }
        return at < 0 ? null : lanes[at];
    }

    /** What is handed out next, or null. */
    @Nullable
    QueueEntry head() {
        Lane lane = top();
        return lane == null ? null : lane.head();
    }

    /** Takes the head, which must be there. */
    QueueEntry poll() {
        Lane lane = java.util.Objects.requireNonNull(top(), "head");
        QueueEntry entry = lane.poll();
        counted(entry, -1);
        return entry;
    }

    /** Takes what gives way first: the oldest of the lowest priority; null where everything waits for something. */
    @Nullable
    QueueEntry pollLeast() {
        top();
        int at = filled.nextSetBit(0);
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.nextSetBit(0);
        }
        if (at < 0) {
            return null;
        }
        QueueEntry entry = lanes[at].poll();
        counted(entry, -1);
        return entry;
    }

    /** The entry left for good: the next of its group is ready. */
    void left(QueueEntry entry) {
        QueueEntry next = groups == null ? null : groups.left(entry);
        if (next != null) {
            lane(next).putBack(next);
        }
    }

    /** The first entries, at most so many and so many octets of content, whose content is not in memory. */
    List<QueueEntry> absent(int most, long bytes) {
        List<QueueEntry> absent = new ArrayList<>();
        long left = bytes;
        for (int at = filled.length() - 1; at >= 0 && left > 0; at = filled.previousSetBit(at - 1)) {
            left -= lanes[at].absent(absent, most, left);
        }
        return absent;
    }

    long readyCount() {
        return readyCount;
    }

    long readyBytes() {
        return readyBytes;
    }

    /** Whether one more of the size goes past x-max-length or x-max-length-bytes. */
    boolean full(int size) {
        return (arguments.maxLength() >= 0 && readyCount + 1 > arguments.maxLength())
                || (arguments.maxBytes() >= 0 && readyBytes + size > arguments.maxBytes());
    }

    boolean over() {
        return (arguments.maxLength() >= 0 && readyCount > arguments.maxLength())
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

    /** Calls {@code each} for every message, whatever it waits for. */
    void forEach(Consumer<QueueEntry> each) {
        for (Lane lane : lanes) {
            if (lane != null) {
                lane.forEach(each);
            }
        }
        later.forEach(each);
        if (groups != null) {
            groups.forEach(each);
        }
        unacked.values().forEach(each);
    }

    /** Takes every message that is not handed out, whatever it waits for. */
    List<QueueEntry> drainReady() {
        List<QueueEntry> all = new ArrayList<>();
        for (Lane lane : lanes) {
            if (lane != null) {
                all.addAll(lane.drain());
            }
        }
        all.addAll(later);
        later.clear();
        if (groups != null) {
            all.addAll(groups.drain());
        }
        readyCount = 0;
        readyBytes = 0;
        return all;
    }

    /** Takes every message, ready or handed out. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = drainReady();
        all.addAll(unacked.values());
        unacked.clear();
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
        if (arguments.singleActive()) {
            return nextOfOne(size);
        }
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
                    c.channel.outlet(),
                    c.channel.number(),
                    c.tag,
                    c.noAck,
                    c.exclusive,
                    c.prefetch,
                    !arguments.singleActive() || c == active));
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

    /** The one active consumer while it is there; then the first of the others. */
    private @Nullable Subscription nextOfOne(int size) {
        if (active == null || !consumers.contains(active)) {
            active = consumers.isEmpty() ? null : consumers.getFirst();
        }
        return active != null && active.tryTake(size) ? active : null;
    }

    Deque<ShardCommand.Get> waitingGets() {
        return waitingGets;
    }
}
