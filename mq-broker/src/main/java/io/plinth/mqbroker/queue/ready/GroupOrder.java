package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Of each group one message is ready or handed out; the others wait here until that one is settled, so that any
 * number of consumers keep the order of each group. Of a group that waits long only head and tail are in memory.
 */
final class GroupOrder {
    /** Of each group that has a message which is ready or handed out, what waits behind it; null for nothing yet. */
    private final Map<String, @Nullable Lane> groups = new HashMap<>();
    /** Those with entries that leave memory once the index has them. */
    private final Set<Lane> tails = new LinkedHashSet<>();
    /** Those of groups whose turn it is, but which have to be read first. */
    private final Set<Paged> awaited = new LinkedHashSet<>();
    /** Those of them nobody has been told of. */
    private List<Unread> untold = new ArrayList<>();
    /** What was purged, and is settled as it is read. */
    private final Set<Paged> purged = new LinkedHashSet<>();

    /** How many are in the index only. */
    private long out;

    /** Whether another message of the entry's group is ahead of it. */
    boolean waits(QueueEntry entry) {
        return entry.group != null && groups.containsKey(entry.group);
    }

    /**
     * Whether the entry's turn is now; where it is not, it waits here.
     *
     * @param leaves whether it should leave memory then, once the index has it
     */
    boolean enter(QueueEntry entry, boolean leaves) {
        String group = entry.group;
        if (group == null) {
            return true;
        }
        if (!groups.containsKey(group)) {
            groups.put(group, null);
            return true;
        }
        Lane behind = groups.get(group);
        if (behind == null) {
            behind = new Lane(Paged.of(group));
            groups.put(group, behind);
        }
        if (behind.add(entry, leaves)) {
            tails.add(behind);
        }
        return false;
    }

    /** The entry left the queue for good; returns who is next in its group, null for nobody or one that has to be read first. */
    @Nullable
    QueueEntry left(QueueEntry entry) {
        String group = entry.group;
        if (group == null) {
            return null;
        }
        entry.group = null;
        return next(group);
    }

    private @Nullable QueueEntry next(String group) {
        Lane behind = groups.get(group);
        if (behind == null || behind.isEmpty()) {
            groups.remove(group);
            return null;
        }
        if (behind.head() == null) {
            awaited.add(behind.paged());
            untold.add(behind.paged());
            return null;
        }
        return behind.poll();
    }

    /** The first of what has to be read so that groups go on; null for nothing. */
    @Nullable
    Unread awaited() {
        return awaited.isEmpty() ? null : awaited.iterator().next();
    }

    /** What of that is new since this was asked: of ten thousand groups each page would walk all otherwise. */
    List<Unread> newlyAwaited() {
        if (untold.isEmpty()) {
            return List.of();
        }
        List<Unread> told = untold;
        untold = new ArrayList<>();
        return told;
    }

    /** Messages of a group were read that waits for them; returns its next. */
    @Nullable
    QueueEntry read(Paged paged, List<QueueEntry> entries) {
        String group = paged.group();
        Lane behind = group == null ? null : groups.get(group);
        if (group == null || behind == null || !awaited.remove(paged)) {
            throw new IllegalStateException("page of a group: " + group + " (expected: one that waits for it)");
        }
        entries.forEach(behind::read);
        return next(group);
    }

    /** So many less are in the index only. */
    void back(long count) {
        out -= count;
    }

    /** How many are in the index only. */
    long out() {
        return out;
    }

    boolean hasTail() {
        return !tails.isEmpty();
    }

    /** What the index has up to the id leaves memory, where it may. */
    void pageOut(long upTo, Consumer<QueueEntry> left) {
        tails.removeIf(lane -> {
            long before = lane.paged().count();
            lane.pageOut(upTo, left);
            out += lane.paged().count() - before;
            return !lane.hasTail();
        });
    }

    void forEach(Consumer<QueueEntry> each) {
        for (Lane behind : groups.values()) {
            if (behind != null) {
                behind.forEach(each);
            }
        }
    }

    /** Takes everything that waits and is in memory, the rest as it is read; groups whose message is handed out stay occupied. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>();
        List<String> vacant = new ArrayList<>();
        groups.replaceAll((group, behind) -> {
            if (behind != null) {
                all.addAll(behind.drain());
                Paged paged = behind.paged();
                if (awaited.contains(paged)) {
                    vacant.add(group);
                }
                paged.purge();
                if (paged.purged()) {
                    purged.add(paged);
                }
            }
            return null;
        });
        all.forEach(QueueEntry::ungroup);
        vacant.forEach(groups::remove);
        awaited.clear();
        untold.clear();
        tails.clear();
        out = 0;
        return all;
    }

    /** What is settled as it is read. */
    Set<? extends Unread> purged() {
        return purged;
    }

    /** Some of what was purged was read. */
    Holding readPurged(Paged paged, QueuePages.Page page) {
        Holding missing = paged.read(page);
        if (paged.isEmpty()) {
            purged.remove(paged);
        }
        return missing;
    }
}
