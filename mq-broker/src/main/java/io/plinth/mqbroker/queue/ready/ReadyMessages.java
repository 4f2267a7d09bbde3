package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. The messages of a queue that are not handed out: what is ready, by priority, and what waits for its time or its
 * group. A long queue has only some of them in memory.
 */
public final class ReadyMessages {
    private final Lanes lanes;
    /** Not to be handed out before their time; null before the first. */
    private @Nullable Timeline later;

    private final @Nullable GroupOrder groups;
    /** Of a queue with groups what is behind all of the others: its groups have not heard of it. */
    private final @Nullable Lane behind;

    private final boolean delays;

    private long count;
    private long bytes;
    /** The index has everything up to this. */
    private long indexed;

    /**
     * For a queue of priorities up to {@code maxPriority}.
     *
     * @param shared whether those of the least are handed out, too, while there are others
     * @param grouped whether messages of one group are handed out one after the other
     * @param delays whether messages leave when they are due, in that order
     */
    public ReadyMessages(int maxPriority, boolean shared, boolean grouped, boolean delays) {
        this.delays = delays;
        this.lanes = new Lanes(maxPriority, shared);
        this.groups = grouped ? new GroupOrder() : null;
        this.behind = grouped ? new Lane(new Paged(QueuePages.ANY)) : null;
    }

    /** What recovery found, of ids up to {@code upTo}: all of it is in the index. */
    public void restore(Map<Integer, Holding> byLane, long upTo) {
        indexed = upTo;
        Holding inOrder = new Holding(0, 0);
        for (Map.Entry<Integer, Holding> entry : byLane.entrySet()) {
            Holding holding = entry.getValue();
            count += holding.count();
            bytes += holding.bytes();
            if (entry.getKey() == Holding.TIMED) {
                timeline().restore(holding);
            } else if (behind != null) {
                inOrder = inOrder.plus(holding);
            } else {
                lanes.of(entry.getKey()).paged().restore(holding, upTo);
            }
        }
        if (behind != null && inOrder.count() > 0) {
            behind.paged().restore(inOrder, upTo);
        }
    }

    private Timeline timeline() {
        Timeline known = later;
        if (known == null) {
            known = new Timeline();
            later = known;
        }
        return known;
    }

    private void counted(QueueEntry entry, int change) {
        count += change;
        bytes += change * (long) entry.message.bodySize();
    }

    /**
     * Takes a message that is new here; ids only grow. Returns whether it leaves memory once the index has it.
     *
     * @param leaves whether it should
     * @param few how many of those that are due first stay all the same
     */
    public boolean add(QueueEntry entry, boolean leaves, int few) {
        counted(entry, 1);
        if (behind != null && groups != null && (!behind.isEmpty() || (leaves && !groups.waits(entry)))) {
            return behind.add(entry, leaves);
        }
        return place(entry, leaves, few);
    }

    private boolean place(QueueEntry entry, boolean leaves, int few) {
        if (groups != null && !groups.enter(entry, leaves)) {
            return leaves;
        }
        if (entry.availableAt > 0) {
            return timeline().add(entry, leaves, few);
        }
        return lanes.of(entry.priority).add(entry, leaves && groups == null);
    }

    /** Whether there are messages the groups have not heard of. */
    public boolean hasMore() {
        return behind != null && !behind.isEmpty();
    }

    /**
     * Has more of a queue with groups take its turn, until so many are ready.
     *
     * @param most how many may be in memory
     * @param left hears of those that leave it
     */
    public void advance(long now, int few, long most, Consumer<QueueEntry> left) {
        if (behind == null || groups == null) {
            return;
        }
        long memory = inMemory();
        while (lanes.size() < few && behind.head() != null) {
            QueueEntry entry = behind.poll();
            place(entry, entry.durable && memory >= most, few);
        }
        groups.pageOut(indexed, left);
        wake(now);
    }

    /**
     * Takes a message back that was handed out.
     *
     * @param until when it is handed out again, 0 for at once
     * @param leaves as in {@link #add}
     */
    public boolean putBack(QueueEntry entry, long until, boolean leaves, int few) {
        entry.redelivered = true;
        entry.availableAt = until;
        counted(entry, 1);
        if (until > 0) {
            return timeline().add(entry, leaves, few);
        }
        lanes.of(entry.priority).putBack(entry);
        return false;
    }

    /** The log has not kept that the message waits for its time: it stays in memory. */
    public void notKept(long id, long until) {
        if (later != null) {
            later.notKept(id, until);
        }
    }

    /** Makes ready what waited for a time that has come, but for delayed messages. */
    public void wake(long now) {
        Timeline from = later;
        if (from == null || delays) {
            return;
        }
        for (QueueEntry due = from.due(now); due != null; due = from.due(now)) {
            from.poll(due);
            due.availableAt = 0;
            lanes.of(due.priority).putBack(due);
        }
    }

    /** The delayed message that is due first; null where there is none, or {@link #soonDue} has to be read first. */
    public @Nullable QueueEntry due(long now) {
        return later == null ? null : later.due(now);
    }

    /** Takes the delayed message that is due. */
    public QueueEntry poll(QueueEntry due) {
        counted(due, -1);
        return Objects.requireNonNull(later, "due").poll(due);
    }

    /** What is due soon and should be read now, unless so many are ready; null for nothing. */
    public @Nullable Unread soonDue(long now, int few, int most) {
        Timeline from = later;
        return from == null || (!delays && lanes.size() >= most) || !from.needed(now, few) ? null : from;
    }

    /** When to look again because of what waits, {@link Long#MAX_VALUE} for never: delayed messages that are due are under way. */
    public long nextDue(long now) {
        return later == null ? Long.MAX_VALUE : !delays && later.due(now) != null ? now : later.next(now);
    }

    /** Takes a page that was read, without what of it is in memory; returns how many messages were counted that are not there. */
    public long read(Unread unread, QueuePages.Page page, List<QueueEntry> entries, int few) {
        boolean purged = unread.purged();
        Holding missing = switch (unread) {
            case Timeline timeline -> timeline.read(page, entries);
            case Paged paged -> read(paged, page, purged ? List.of() : entries, few);
        };
        if (!purged) {
            count -= missing.count();
            bytes -= missing.bytes();
        }
        return missing.count();
    }

    private Holding read(Paged paged, QueuePages.Page page, List<QueueEntry> entries, int few) {
        if (behind != null && paged == behind.paged()) {
            entries.forEach(behind::read);
        } else if (paged.group() == null || groups == null) {
            Lane lane = lanes.of(paged.priority());
            entries.forEach(lane::read);
        } else if (paged.purged()) {
            return groups.readPurged(paged, page);
        } else {
            long before = paged.count();
            Holding missing = paged.read(page);
            groups.back(before - paged.count());
            next(groups.read(paged, entries), few);
            return missing;
        }
        return paged.read(page);
    }

    /** It is its turn in its group. */
    private void next(@Nullable QueueEntry entry, int few) {
        if (entry == null) {
            return;
        }
        if (entry.availableAt > 0) {
            timeline().add(entry, false, few);
        } else {
            lanes.of(entry.priority).putBack(entry);
        }
    }

    /** What is handed out next; null where there is nothing, or {@link #awaited} has to be read first. */
    public @Nullable QueueEntry head() {
        Lane lane = lanes.top();
        return lane == null ? null : lane.head();
    }

    /** What must be read before anything more is handed out; null for nothing. */
    public @Nullable Unread awaited(long now) {
        Lane lane = lanes.top();
        if (lane != null) {
            return lane.head() != null ? null : lane.paged();
        }
        if (behind != null && !behind.isEmpty() && behind.head() == null) {
            return behind.paged();
        }
        Unread group = groups == null ? null : groups.awaited();
        if (group != null) {
            return group;
        }
        return later != null && !delays && later.behind(now) && !later.isEmpty() ? later : null;
    }

    /** What must be read so that groups go on whose turn it is; each is told once. */
    public List<Unread> awaitedGroups() {
        return groups == null ? List.of() : groups.newlyAwaited();
    }

    /** What should be read soon, because few of what is handed out before it are left. */
    public @Nullable Unread soon(int few) {
        if (behind != null) {
            return behind.window() >= few || behind.paged().isEmpty() || lanes.size() >= few ? null : behind.paged();
        }
        Lane lane = lanes.top();
        return lane == null || lane.window() >= few || lane.paged().isEmpty() ? null : lane.paged();
    }

    /** Takes the head, which must be there. */
    public QueueEntry poll() {
        QueueEntry entry = lanes.poll();
        counted(entry, -1);
        return entry;
    }

    /** Takes what gives way first: the oldest of the lowest priority; null where there is none in memory. */
    public @Nullable QueueEntry pollLeast() {
        Lane lane = lanes.least();
        if (lane == null || lane.head() == null) {
            return null;
        }
        QueueEntry entry = lane.poll();
        counted(entry, -1);
        return entry;
    }

    /** What must be read before the next gives way; null for nothing. */
    public @Nullable Unread awaitedLeast() {
        Lane lane = lanes.least();
        if (lane == null) {
            lane = behind;
        }
        return lane == null || lane.paged().isEmpty() || lane.head() != null ? null : lane.paged();
    }

    /** The entry left for good: the next of its group is ready. */
    public void left(QueueEntry entry, int few) {
        if (groups != null) {
            next(groups.left(entry), few);
        }
    }

    /** Whether some leave memory once the index has them. */
    public boolean leaving() {
        return (later != null && (later.hasTail() || later.settling())) || (groups != null && groups.hasTail());
    }

    /**
     * What the index has up to the change leaves memory, where it may; returns whether more will.
     *
     * @param waiting how many of those that wait for their time stay at least
     */
    public boolean pageOut(long upTo, int waiting, Consumer<QueueEntry> left) {
        indexed = upTo;
        boolean more = lanes.pageOut(upTo, left);
        if (behind != null && groups != null) {
            behind.pageOut(upTo, left);
            groups.pageOut(upTo, left);
            more |= behind.hasTail();
        }
        if (later != null) {
            later.pageOut(upTo, waiting, left);
        }
        return more || leaving();
    }

    /** The first entries, at most so many and so many octets of content, whose content is not in memory. */
    public List<QueueEntry> absent(int most, long atMost) {
        List<QueueEntry> absent = new ArrayList<>();
        if (delays && later != null) {
            later.absent(absent, most, atMost);
        }
        lanes.absent(absent, most, atMost);
        return absent;
    }

    /** What was purged is settled by the change. */
    public void purged(long change) {
        if (later != null) {
            later.purged(change);
        }
    }

    /** Whether messages that are not in memory are still to be settled. */
    public boolean purging() {
        return lanes.purging()
                || (behind != null && behind.paged().purged())
                || (groups != null && !groups.purged().isEmpty())
                || (later != null && later.purged());
    }

    public long count() {
        return count;
    }

    public long bytes() {
        return bytes;
    }

    /** How many of them are in memory. */
    public long inMemory() {
        long out = (groups == null ? 0 : groups.out())
                + (behind == null || behind.paged().purged()
                        ? 0
                        : behind.paged().count())
                + (later == null ? 0 : later.count())
                + lanes.out();
        return count - out;
    }

    /** The id of the next, about; 0 where there is none. */
    public long oldest() {
        Lane lane = lanes.top();
        if (lane == null) {
            lane = behind;
        }
        if (lane == null || lane.isEmpty()) {
            return later == null ? 0 : later.oldest();
        }
        QueueEntry head = lane.head();
        return head == null ? lane.paged().first() : head.id;
    }

    /** Calls {@code each} for every message in memory, whatever it waits for. */
    public void forEach(Consumer<QueueEntry> each) {
        lanes.forEach(lane -> lane.forEach(each));
        if (later != null) {
            later.forEach(each);
        }
        if (behind != null && groups != null) {
            behind.forEach(each);
            groups.forEach(each);
        }
    }

    /** Takes every message in memory; those in the index only are settled as they are read. Returns what must be read for that. */
    public List<Unread> drain(Consumer<QueueEntry> each) {
        List<QueueEntry> all = new ArrayList<>();
        List<Unread> unread = new ArrayList<>();
        lanes.forEach(lane -> drain(lane, all, unread));
        if (later != null) {
            all.addAll(later.drain());
            unread.add(later);
        }
        if (behind != null && groups != null) {
            int known = all.size();
            drain(behind, all, unread);
            // Their groups never heard of them.
            all.subList(known, all.size()).forEach(QueueEntry::ungroup);
            all.addAll(groups.drain());
            unread.addAll(groups.purged());
        }
        unread.removeIf(one -> !one.purged());
        count = 0;
        bytes = 0;
        all.forEach(each);
        return unread;
    }

    private static void drain(Lane lane, List<QueueEntry> all, List<Unread> unread) {
        all.addAll(lane.drain());
        lane.paged().purge();
        unread.add(lane.paged());
    }
}
