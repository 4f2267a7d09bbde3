package io.plinth.mqbroker.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. Of each group one message is ready or handed out; the others wait here until that one is settled, so that any
 * number of consumers keep the order of each group.
 */
final class GroupOrder {
    private final Map<String, TreeMap<Long, QueueEntry>> waiting = new HashMap<>();

    /** Whether the entry's turn is now; where it is not, it waits here. */
    boolean enter(QueueEntry entry) {
        String group = entry.group;
        if (group == null) {
            return true;
        }
        TreeMap<Long, QueueEntry> behind = waiting.get(group);
        if (behind == null) {
            waiting.put(group, new TreeMap<>());
            return true;
        }
        behind.put(entry.id, entry);
        return false;
    }

    /** The entry left the queue for good; returns who is next in its group. */
    @Nullable
    QueueEntry left(QueueEntry entry) {
        String group = entry.group;
        if (group == null) {
            return null;
        }
        entry.group = null;
        TreeMap<Long, QueueEntry> behind = waiting.get(group);
        if (behind == null || behind.isEmpty()) {
            waiting.remove(group);
            return null;
        }
        return behind.pollFirstEntry().getValue();
    }

    void forEach(Consumer<QueueEntry> each) {
        waiting.values().forEach(behind -> behind.values().forEach(each));
    }

    /** Takes everything that waits; groups whose message is handed out stay occupied. */
    List<QueueEntry> drain() {
        List<QueueEntry> all = new ArrayList<>();
        waiting.values().forEach(behind -> {
            all.addAll(behind.values());
            behind.values().forEach(entry -> entry.group = null);
            behind.clear();
        });
        return all;
    }
}
