package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. The messages of a queue that are not handed out: what is ready, by priority, and what waits for its time or its
 * group. Those that wait are all in memory, so a queue that orders by time or group reads everything back first; any other pages.
 */
final class ReadyMessages {
    private static final Comparator<QueueEntry> BY_TIME =
            Comparator.<QueueEntry>comparingLong(entry -> entry.availableAt).thenComparingLong(entry -> entry.id);

    /** So many of higher priority come before one of the least, where they share. */
    private static final int ABOVE = 2;

    private final Lane[] lanes;
    /** Which lanes have something. */
    private final BitSet filled = new BitSet();
    /** Not to be handed out before their time. */
    private final PriorityQueue<QueueEntry> later = new PriorityQueue<>(1, BY_TIME);

    private final @Nullable GroupOrder groups;
    /** Everything from before the start, of a queue that needs all of it in memory. */
    private final @Nullable Paged whole;
    /** Came before the whole was read. */
    private final Deque<QueueEntry> behindWhole = new ArrayDeque<>(0);

    private final boolean shared;
    /** Handed out one after the other while something of the least waited. */
    private int above;

    private long count;
    private long bytes;

    /**
     * For a queue of priorities up to {@code maxPriority}.
     *
     * @param shared whether those of the least are handed out, too, while there are others
     * @param grouped whether messages of one group are handed out one after the other
     * @param delays whether messages are ordered by time
     */
    ReadyMessages(int maxPriority, boolean shared, boolean grouped, boolean delays) {
        this.shared = shared;
        this.lanes = new Lane[maxPriority + 1];
        this.groups = grouped ? new GroupOrder() : null;
        this.whole = grouped || delays ? new Paged(QueuePages.ANY) : null;
    }

    /** What recovery found, of ids up to {@code upTo}: all of it is in the index. */
    void restore(Map<Integer, Holding> byPriority, long upTo) {
        Holding all = new Holding(0, 0);
        for (Map.Entry<Integer, Holding> entry : byPriority.entrySet()) {
            Holding holding = entry.getValue();
            all = new Holding(all.count() + holding.count(), all.bytes() + holding.bytes());
            if (whole == null) {
                lane(entry.getKey()).paged().restore(holding, upTo);
            }
        }
        if (whole != null && all.count() > 0) {
            whole.restore(all, upTo);
        }
        count += all.count();
        bytes += all.bytes();
    }

    /** Whether messages may leave memory for the index. */
    boolean pages() {
        return whole == null;
    }

    private Lane lane(int priority) {
        int at = Math.min(priority, lanes.length - 1);
        filled.set(at);
        Lane lane = lanes[at];
        if (lane == null) {
            lane = new Lane(at);
            lanes[at] = lane;
        }
        return lane;
    }

    private void counted(QueueEntry entry, int change) {
        count += change;
        bytes += change * (long) entry.message.size();
    }

    /**
     * Takes a message that is new here; ids only grow. Returns whether it leaves memory once the index has it.
     *
     * @param leaves whether it should
     */
    boolean add(QueueEntry entry, boolean leaves) {
        counted(entry, 1);
        if (whole != null && !whole.isEmpty()) {
            behindWhole.addLast(entry);
            return false;
        }
        return place(entry, leaves);
    }

    private boolean place(QueueEntry entry, boolean leaves) {
        if (groups != null && !groups.enter(entry)) {
            return false;
        }
        if (entry.availableAt > 0) {
            later.add(entry);
            return false;
        }
        return lane(entry.priority).add(entry, leaves);
    }

    /** Takes a message back that was handed out; it is not handed out again before {@code availableAt}. */
    void putBack(QueueEntry entry, long availableAt) {
        entry.redelivered = true;
        entry.availableAt = availableAt;
        counted(entry, 1);
        if (availableAt > 0) {
            later.add(entry);
        } else {
            lane(entry.priority).putBack(entry);
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
            lane(first.priority).putBack(first);
        }
        return Long.MAX_VALUE;
    }

    /** Takes a page that was read; returns how many messages were counted that are not there. */
    long read(Paged paged, QueuePages.Page page, List<QueueEntry> entries) {
        boolean purged = paged.purged();
        Holding missing = paged.read(page);
        if (!purged) {
            count -= missing.count();
            bytes -= missing.bytes();
        }
        for (QueueEntry entry : entries) {
            if (entry.availableAt > 0 || paged == whole) {
                place(entry, false);
            } else {
                lane(paged.priority()).read(entry);
            }
        }
        if (paged == whole && whole.isEmpty()) {
            behindWhole.forEach(entry -> place(entry, false));
            behindWhole.clear();
        }
        return missing.count();
    }

    private @Nullable Lane top() {
        int at = filled.length() - 1;
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.length() - 1;
        }
        if (at > 0 && shared && above >= ABOVE && lanes[0] != null && !lanes[0].isEmpty()) {
            at = 0;
        }
        return at < 0 ? null : lanes[at];
    }

    private @Nullable Lane least() {
        int at = filled.nextSetBit(0);
        while (at >= 0 && lanes[at].isEmpty()) {
            filled.clear(at);
            at = filled.nextSetBit(at);
        }
        return at < 0 ? null : lanes[at];
    }

    /** What is handed out next; null where there is nothing, or {@link #awaited} has to be read first. */
    @Nullable
    QueueEntry head() {
        Lane lane = top();
        return lane == null || delaysUnread() ? null : lane.head();
    }

    /** Due ones are told apart by time only once all are here. */
    private boolean delaysUnread() {
        return whole != null && groups == null && !whole.isEmpty();
    }

    /** What must be read before anything more is handed out; null for nothing. */
    @Nullable
    Paged awaited() {
        if (whole != null && !whole.isEmpty()) {
            return whole;
        }
        Lane lane = top();
        return lane == null || lane.head() != null ? null : lane.paged();
    }

    /** What should be read soon, because few of what is handed out before it are left. */
    @Nullable
    Paged soon(int few) {
        Lane lane = top();
        return lane == null || lane.window() >= few || lane.paged().isEmpty() ? null : lane.paged();
    }

    /** Takes the head, which must be there. */
    QueueEntry poll() {
        Lane lane = Objects.requireNonNull(top(), "head");
        above = lane == lanes[0] ? 0 : Math.min(ABOVE, above + 1);
        QueueEntry entry = lane.poll();
        counted(entry, -1);
        return entry;
    }

    /** Takes what gives way first: the oldest of the lowest priority; null where there is none in memory. */
    @Nullable
    QueueEntry pollLeast() {
        Lane lane = least();
        if (lane == null || lane.head() == null) {
            return null;
        }
        QueueEntry entry = lane.poll();
        counted(entry, -1);
        return entry;
    }

    /** What must be read before the next gives way; null for nothing. */
    @Nullable
    Paged awaitedLeast() {
        Lane lane = least();
        return lane == null || lane.paged().isEmpty() || lane.head() != null ? null : lane.paged();
    }

    /** The entry left for good: the next of its group is ready. */
    void left(QueueEntry entry) {
        QueueEntry next = groups == null ? null : groups.left(entry);
        if (next != null) {
            lane(next.priority).putBack(next);
        }
    }

    /** What the index has up to the id leaves memory, where it may; returns whether more will. */
    boolean pageOut(long upTo, Consumer<QueueEntry> left) {
        boolean more = false;
        for (Lane lane : lanes) {
            if (lane != null) {
                lane.pageOut(upTo, left);
                more |= lane.hasTail();
            }
        }
        return more;
    }

    /** The first entries, at most so many and so many octets of content, whose content is not in memory. */
    List<QueueEntry> absent(int most, long atMost) {
        List<QueueEntry> absent = new ArrayList<>();
        Lane top = top();
        long left = top == null ? 0 : atMost - top.absent(absent, most, atMost);
        for (int at = filled.length() - 1; at >= 0 && left > 0; at = filled.previousSetBit(at - 1)) {
            if (lanes[at] != top) {
                left -= lanes[at].absent(absent, most, left);
            }
        }
        return absent;
    }

    /** Whether messages that are not in memory are still to be settled. */
    boolean purging() {
        if (whole != null && whole.purged()) {
            return true;
        }
        for (Lane lane : lanes) {
            if (lane != null && lane.paged().purged()) {
                return true;
            }
        }
        return false;
    }

    long count() {
        return count;
    }

    long bytes() {
        return bytes;
    }

    /** How many of them are in memory. */
    long inMemory() {
        long out = whole == null || whole.purged() ? 0 : whole.count();
        for (int at = filled.nextSetBit(0); at >= 0; at = filled.nextSetBit(at + 1)) {
            Paged paged = lanes[at].paged();
            out += paged.purged() ? 0 : paged.count();
        }
        return count - out;
    }

    /** The id of the next, about; 0 where there is none. */
    long oldest() {
        QueueEntry head = head();
        Paged paged = head == null ? awaited() : null;
        return head != null ? head.id : paged == null ? 0 : paged.first();
    }

    /** Calls {@code each} for every message in memory, whatever it waits for. */
    void forEach(Consumer<QueueEntry> each) {
        for (Lane lane : lanes) {
            if (lane != null) {
                lane.forEach(each);
            }
        }
        later.forEach(each);
        behindWhole.forEach(each);
        if (groups != null) {
            groups.forEach(each);
        }
    }

    /** Takes every message in memory; those in the index only are settled as they are read. Returns what must be read for that. */
    List<Paged> drain(Consumer<QueueEntry> each) {
        List<QueueEntry> all = new ArrayList<>(later);
        List<Paged> unread = new ArrayList<>();
        for (Lane lane : lanes) {
            if (lane != null) {
                all.addAll(lane.drain());
                unread.add(lane.paged());
            }
        }
        all.addAll(behindWhole);
        if (groups != null) {
            all.addAll(groups.drain());
        }
        if (whole != null) {
            unread.add(whole);
        }
        later.clear();
        behindWhole.clear();
        unread.forEach(Paged::purge);
        unread.removeIf(Paged::isEmpty);
        count = 0;
        bytes = 0;
        all.forEach(each);
        return unread;
    }
}
