package io.plinth.mqbroker.queue.ready;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Messages of one priority that are ready, or that wait in one group, in the order of their ids; one that comes back goes where it was. A long
 * one keeps only its head and its tail in memory: {@code fresh}, then what is paged out, then {@code tail}.
 */
final class Lane {
    // Small at first, here and in its queue: there may be a hundred thousand that are empty.
    private Deque<QueueEntry> fresh = new ArrayDeque<>(0);
    private final Paged paged;
    /** Came while there was something paged out, or leave memory themselves once the index has them. */
    private Deque<QueueEntry> tail = new ArrayDeque<>(0);
    /** Came back, waited for others of their group, or stay in memory between others that do not. */
    private final TreeMap<Long, QueueEntry> returned = new TreeMap<>();

    Lane(Paged paged) {
        this.paged = paged;
    }

    Paged paged() {
        return paged;
    }

    /**
     * Takes a new one; returns whether it leaves memory once the index has it.
     *
     * @param leaves whether it should
     */
    boolean add(QueueEntry entry, boolean leaves) {
        boolean behind = leaves || !paged.isEmpty() || !tail.isEmpty();
        (behind ? tail : fresh).addLast(entry);
        return behind;
    }

    void putBack(QueueEntry entry) {
        returned.put(entry.id, entry);
    }

    /** Takes one of a page, the next of them. */
    void read(QueueEntry entry) {
        fresh.addLast(entry);
    }

    boolean isEmpty() {
        return fresh.isEmpty() && returned.isEmpty() && tail.isEmpty() && paged.isEmpty();
    }

    boolean hasTail() {
        return !tail.isEmpty();
    }

    /** How many are in memory. */
    int size() {
        return fresh.size() + returned.size() + tail.size();
    }

    /** How many of the next are in memory, but for those that came back. */
    int window() {
        return fresh.size();
    }

    /** With nothing paged out between them, the tail is the head. */
    private void close() {
        if (fresh.isEmpty() && paged.isEmpty() && !tail.isEmpty()) {
            Deque<QueueEntry> empty = fresh;
            fresh = tail;
            tail = empty;
        }
    }

    /** What of the tail is in the index, up to the id, leaves memory, but for what the log does not keep. */
    void pageOut(long upTo, Consumer<QueueEntry> left) {
        close();
        while (!tail.isEmpty() && tail.getFirst().id <= upTo && !paged.purged()) {
            QueueEntry entry = tail.removeFirst();
            if (entry.durable) {
                paged.out(entry);
                left.accept(entry);
            } else {
                returned.put(entry.id, entry);
            }
        }
    }

    /** What is handed out next; null where there is nothing, or where it has to be read first. */
    @Nullable
    QueueEntry head() {
        close();
        QueueEntry first = fresh.peekFirst();
        if (returned.isEmpty()) {
            return first;
        }
        Map.Entry<Long, QueueEntry> back = returned.firstEntry();
        if (first != null) {
            return back.getKey() < first.id ? back.getValue() : first;
        }
        return paged.isEmpty() || back.getKey() < paged.first() ? back.getValue() : null;
    }

    /** Takes the head, which must be there. */
    QueueEntry poll() {
        QueueEntry head = Objects.requireNonNull(head(), "head");
        if (head == fresh.peekFirst()) {
            fresh.removeFirst();
        } else {
            returned.remove(head.id);
        }
        return head;
    }

    /** Adds entries without content, the next to be handed out first, until there are so many or so many octets of them. */
    long absent(List<QueueEntry> into, int most, long bytes) {
        close();
        long sum = 0;
        for (Iterable<QueueEntry> part : List.of(returned.values(), fresh)) {
            for (QueueEntry entry : part) {
                if (into.size() >= most || sum >= bytes) {
                    return sum;
                }
                if (entry.message.content() == null) {
                    into.add(entry);
                    sum += entry.message.size();
                }
            }
        }
        return sum;
    }

    /** Calls {@code each} for those in memory. */
    void forEach(Consumer<QueueEntry> each) {
        returned.values().forEach(each);
        fresh.forEach(each);
        tail.forEach(each);
    }

    /** Takes those in memory. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>(returned.values());
        all.addAll(fresh);
        all.addAll(tail);
        returned.clear();
        fresh.clear();
        tail.clear();
        return all;
    }
}
