package io.plinth.kvcache.loader.behind;

import io.plinth.kvcache.loader.behind.BehindBatch.Accepting;
import io.plinth.kvcache.loader.behind.BehindBatch.Done;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Guarded by the queue's lock: the keys with a write that waits, and what these take. */
final class BehindItems {
    private final Map<BehindItem.Name, BehindItem> items = new LinkedHashMap<>();
    private long bytes;
    private long sequence;

    int size() {
        return items.size();
    }

    long bytes() {
        return bytes;
    }

    boolean has(BehindItem.Name name) {
        return items.containsKey(name);
    }

    /** How long the first of them has waited. */
    long ageMillis(long now) {
        Iterator<BehindItem> first = items.values().iterator();
        return first.hasNext() ? Math.max(0, now - first.next().acceptedMillis) : 0;
    }

    private BehindItem item(BehindWrite write) {
        return items.computeIfAbsent(BehindItem.name(write), BehindItem::new);
    }

    /** An earlier process accepted it. */
    BehindItem left(BehindRecord record) {
        BehindItem item = item(record.write());
        item.acceptedMillis = record.acceptedMillis();
        stored(item, record);
        sequence = Math.max(sequence, record.number());
        return item;
    }

    private void stored(BehindItem item, BehindRecord record) {
        item.number = record.number();
        item.durable = record.number();
        bytes += record.write().size() - item.size;
        item.size = record.write().size();
    }

    /** Whether there is room for more. */
    boolean fit(List<BehindWrite> writes, BehindConfig config) {
        long more = 0;
        int added = 0;
        for (BehindWrite write : writes) {
            BehindItem present = items.get(BehindItem.name(write));
            more += write.size() - (present == null ? 0 : present.size);
            added += present == null ? 1 : 0;
        }
        return items.size() + added <= config.keys()
                && (bytes + more <= config.bytes().bytes() || more <= 0);
    }

    /** A write is given in. */
    Accepting give(BehindWrite write, long now, BehindCounts counts, @Nullable Consumer<@Nullable Refusal> then) {
        BehindItem item = item(write);
        if (item.number == 0) {
            item.acceptedMillis = now;
        } else {
            counts.coalesced.increment();
        }
        item.number = ++sequence;
        // What was refused was another value.
        item.refusals = 0;
        bytes += write.size() - item.size;
        item.size = write.size();
        return new Accepting(new BehindRecord(write, item.number, item.acceptedMillis), item, then);
    }

    /** Whether it is the key's item still, and not one of before. */
    boolean holds(BehindItem item) {
        return items.get(item.name) == item;
    }

    /** Nothing of the key waits any more; false where it is not the key's item. */
    boolean remove(BehindItem item) {
        boolean removed = items.remove(item.name, item);
        bytes -= removed ? item.size : 0;
        return removed;
    }

    /** Brings keys whose writes were refused to what the store has of them; answers which are to be handed on. {@code ended} will be over. */
    List<BehindItem> recover(Collection<BehindItem> unsure, List<BehindRecord> found, List<Done> ended) {
        Map<BehindItem.Name, BehindRecord> records = new HashMap<>();
        found.forEach(each -> records.put(BehindItem.name(each.write()), each));
        Set<BehindItem> over = Collections.newSetFromMap(new IdentityHashMap<>());
        ended.forEach(each -> over.add(each.item()));
        List<BehindItem> due = new ArrayList<>();
        for (BehindItem item : unsure) {
            BehindRecord record = records.get(item.name);
            if (record != null) {
                stored(item, record);
                if (!over.contains(item)) {
                    due.add(item);
                }
            } else if (!over.contains(item)) {
                remove(item);
            }
        }
        return due;
    }
}
