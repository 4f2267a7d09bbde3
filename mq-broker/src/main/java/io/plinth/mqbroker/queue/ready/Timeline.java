package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.Message;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Messages of a queue that wait for their time. Those due before the horizon are in memory; of those behind it
 * the ones the index does not have yet, or not under their time, are in memory too. What is in the index only is read from the horizon on, a
 * window at a time, shortly before it is due. The horizon is always behind every time that has come, so that what was handed out, and is in
 * the index under its time until it is settled, is never read.
 */
final class Timeline extends Unread {
    /** Milliseconds before it is due that a window is read. */
    private static final long AHEAD = 5000;
    /** One comes, two may leave: so a queue that became long gets short without a pause. */
    private static final int LEAVE = 2;

    private static final Message NO_MESSAGE = new Message(0, 0, 0);
    private static final Comparator<QueueEntry> BY_TIME =
            Comparator.<QueueEntry>comparingLong(entry -> entry.availableAt).thenComparingLong(entry -> entry.id);

    /** Before the horizon. */
    private final TreeSet<QueueEntry> near = new TreeSet<>(BY_TIME);
    /** Those that cannot leave memory, before the horizon and behind it. */
    private final TreeSet<QueueEntry> kept = new TreeSet<>(BY_TIME);
    /** Behind the horizon, by id; they leave memory once the index has them. */
    private final Map<Long, QueueEntry> tail = new LinkedHashMap<>();
    /** Of those before the horizon, the ones the log does not know to wait. */
    private final Set<Long> unknown = new HashSet<>();
    /** Purged from the tail: the index may have them until what is behind the horizon is settled, too. */
    private final Set<Long> drained = new HashSet<>();

    /** Of those in the index only. */
    private long count;

    private long bytes;
    /** Whether there is no horizon. */
    private boolean ended = true;

    long horizon;
    long horizonId;
    private long reached;
    private long reachedId;
    /** The time it was last asked at. */
    private long asOf;

    private boolean purged;
    /** What was purged is gone from the index behind this change; none leaves memory before. 0 for nothing purged. */
    private long purgedBy;

    private static boolean before(QueueEntry entry, long time, long id) {
        return entry.availableAt < time || (entry.availableAt == time && entry.id < id);
    }

    private boolean beforeHorizon(QueueEntry entry) {
        return ended || before(entry, horizon, horizonId);
    }

    /** What recovery found: all of it is in the index. */
    void restore(Holding holding) {
        count = holding.count();
        bytes = holding.bytes();
        ended = false;
    }

    /** How many are in the index only. */
    long count() {
        return purged ? 0 : count;
    }

    /**
     * Takes one; returns whether it leaves memory once the index has it.
     *
     * @param leaves whether there are too many in memory
     * @param few how many before the horizon stay all the same
     */
    boolean add(QueueEntry entry, boolean leaves, int few) {
        unknown.remove(entry.id);
        if (!entry.leaves()) {
            kept.add(entry);
            return false;
        }
        if (!beforeHorizon(entry)) {
            tail.put(entry.id, entry);
            return true;
        }
        near.add(entry);
        for (int i = 0; leaves && i < LEAVE && near.size() > few; i++) {
            retreat();
        }
        return tail.containsKey(entry.id);
    }

    /** The horizon comes nearer by one, where it may. */
    private boolean retreat() {
        QueueEntry last = near.last();
        if (purgedBy > 0 || before(last, reached, reachedId + 1)) {
            return false;
        }
        near.remove(last);
        if (unknown.remove(last.id)) {
            last.unknown();
            kept.add(last);
            return true;
        }
        tail.put(last.id, last);
        horizon = last.availableAt;
        horizonId = last.id;
        ended = false;
        return true;
    }

    /** The log has not kept that the message waits until then: only memory knows. It may have come back once more since. */
    void notKept(long id, long until) {
        QueueEntry entry = tail.get(id);
        if (entry == null) {
            // Handed out, or settled, it is nothing to the index.
            QueueEntry same = new QueueEntry(id, NO_MESSAGE, Long.MAX_VALUE, true, 0, null);
            if (near.contains(same.waits(until))) {
                unknown.add(id);
            }
        } else if (entry.availableAt == until) {
            tail.remove(id);
            entry.unknown();
            kept.add(entry);
        }
    }

    boolean hasTail() {
        return !tail.isEmpty();
    }

    /** Whether none leaves memory before the index has what was purged. */
    boolean settling() {
        return purgedBy > 0;
    }

    /**
     * What of the tail the index has leaves memory; not while a page is on its way, which may be from before.
     *
     * @param most how many before the horizon stay: more came while it could not come nearer
     */
    void pageOut(long upTo, int most, Consumer<QueueEntry> left) {
        if (loading() || purged) {
            return;
        }
        if (upTo >= purgedBy) {
            purgedBy = 0;
        }
        while (near.size() > most && retreat()) {
            // One by one.
        }
        Iterator<QueueEntry> entries = tail.values().iterator();
        while (entries.hasNext()) {
            QueueEntry entry = entries.next();
            if (!entry.indexed(upTo)) {
                return;
            }
            entries.remove();
            count++;
            bytes += entry.message.bodySize();
            left.accept(entry);
        }
    }

    private @Nullable QueueEntry first() {
        if (near.isEmpty() || kept.isEmpty()) {
            return near.isEmpty() ? kept.isEmpty() ? null : kept.first() : near.first();
        }
        return BY_TIME.compare(near.first(), kept.first()) < 0 ? near.first() : kept.first();
    }

    /** The first whose time has come, null where there is none, or a window has to be read first. */
    @Nullable
    QueueEntry due(long now) {
        asOf = now;
        if (behind(now) && count == 0 && !loading() && !purged) {
            end();
        }
        QueueEntry first = first();
        return first == null || first.availableAt > now || !beforeHorizon(first) ? null : first;
    }

    /** Takes the one that is due. */
    QueueEntry poll(QueueEntry due) {
        if (!near.remove(due)) {
            kept.remove(due);
        }
        unknown.remove(due.id);
        if (!before(due, reached, reachedId)) {
            reached = due.availableAt;
            reachedId = due.id;
        }
        return due;
    }

    /** Whether the next window has to be read now. */
    boolean needed(long now, int few) {
        if (ended || near.size() >= few || horizon - AHEAD > now) {
            return false;
        }
        if (count == 0 && !loading() && !purged) {
            end();
            return false;
        }
        return true;
    }

    /** Whether there are, or may be, such whose time has come behind the horizon. */
    boolean behind(long now) {
        return !ended && horizon <= now;
    }

    /** When to look again, {@link Long#MAX_VALUE} for never: what is due, or has to be read, is under way. */
    long next(long now) {
        QueueEntry first = first();
        long at =
                first == null || first.availableAt <= now || !beforeHorizon(first) ? Long.MAX_VALUE : first.availableAt;
        return ended || horizon - AHEAD <= now ? at : Math.min(at, horizon - AHEAD);
    }

    @Override
    public boolean isEmpty() {
        return count == 0;
    }

    @Override
    public boolean purged() {
        return purged;
    }

    @Override
    public int most(int page, int unwanted) {
        return page;
    }

    @Override
    Ask next() {
        long time = horizon;
        long id = horizonId;
        return (pages, queueId, most) -> pages.readTimed(queueId, time, id, most);
    }

    @Override
    public boolean knows(long id) {
        return tail.containsKey(id) || drained.contains(id);
    }

    /** A window was read; of its messages these were not in memory. Returns what was counted and is not there, where it was the last. */
    Holding read(QueuePages.Page page, List<QueueEntry> entries) {
        for (QueueEntry entry : entries) {
            count--;
            bytes -= entry.message.bodySize();
            if (!purged) {
                near.add(entry);
            }
        }
        if (page.ended() || count == 0) {
            Holding missing = new Holding(count, bytes);
            end();
            return missing;
        }
        horizon = page.nextTime();
        horizonId = page.next();
        tail.values().removeIf(entry -> beforeHorizon(entry) && near.add(entry));
        return new Holding(0, 0);
    }

    /** Nothing is in the index only. */
    private void end() {
        count = 0;
        bytes = 0;
        purged = false;
        ended = true;
        drained.clear();
        near.addAll(tail.values());
        tail.clear();
    }

    /** Adds those that are due without content, until there are so many or so many octets of them. */
    void absent(List<QueueEntry> into, int most, long atMost) {
        long sum = 0;
        for (TreeSet<QueueEntry> part : List.of(near, kept)) {
            for (QueueEntry entry : part) {
                if (entry.availableAt > asOf || into.size() >= most || sum >= atMost) {
                    break;
                }
                if (entry.message.content() == null) {
                    into.add(entry);
                    sum += entry.message.size();
                }
            }
        }
    }

    /** The id of the first in memory, 0 where there is none. */
    long oldest() {
        QueueEntry first = first();
        return first == null ? 0 : first.id;
    }

    /** How many are in memory. */
    int inMemory() {
        return near.size() + kept.size() + tail.size();
    }

    void forEach(Consumer<QueueEntry> each) {
        near.forEach(each);
        kept.forEach(each);
        tail.values().forEach(each);
    }

    /** Takes those in memory; the others are settled as they are read. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>(inMemory());
        forEach(all::add);
        boolean unread = count > 0 || loading();
        if (unread) {
            drained.addAll(tail.keySet());
        }
        near.clear();
        kept.clear();
        tail.clear();
        unknown.clear();
        purged = unread;
        ended = !unread;
        purgedBy = Long.MAX_VALUE;
        return all;
    }

    /** The last change of a purge. */
    void purged(long change) {
        if (!purged && purgedBy > 0) {
            purgedBy = change;
        }
    }
}
