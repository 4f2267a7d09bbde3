package io.plinth.mqbroker.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. The ready messages of one priority, in the order of their ids; one that comes back goes where it was. */
final class Lane {
    private final Deque<QueueEntry> fresh = new ArrayDeque<>();
    /** Came back, or waited for others of its group. */
    private final TreeMap<Long, QueueEntry> returned = new TreeMap<>();

    void add(QueueEntry entry) {
        fresh.addLast(entry);
    }

    void putBack(QueueEntry entry) {
        returned.put(entry.id, entry);
    }

    boolean isEmpty() {
        return fresh.isEmpty() && returned.isEmpty();
    }

    private boolean returnedFirst() {
        QueueEntry first = fresh.peekFirst();
        return first == null || (!returned.isEmpty() && returned.firstKey() < first.id);
    }

    @Nullable
    QueueEntry head() {
        if (returned.isEmpty()) {
            return fresh.peekFirst();
        }
        return returnedFirst() ? returned.firstEntry().getValue() : fresh.peekFirst();
    }

    /** Takes the head, which must be there. */
    QueueEntry poll() {
        return returned.isEmpty() || !returnedFirst()
                ? Objects.requireNonNull(fresh.pollFirst())
                : returned.pollFirstEntry().getValue();
    }

    /** Adds entries without content, the next to be handed out first, until there are so many or so many octets of them. */
    long absent(List<QueueEntry> into, int most, long bytes) {
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

    void forEach(Consumer<QueueEntry> each) {
        returned.values().forEach(each);
        fresh.forEach(each);
    }

    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>(returned.values());
        all.addAll(fresh);
        returned.clear();
        fresh.clear();
        return all;
    }
}
