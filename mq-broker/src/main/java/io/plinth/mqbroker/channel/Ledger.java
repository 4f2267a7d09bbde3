package io.plinth.mqbroker.channel;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. What a channel was handed and has not settled, by delivery tag, oldest first. */
public final class Ledger {
    /** Where a delivery came from. */
    public record Delivery(long tag, int shard, long queueId, long id) {}

    private final Map<Long, Delivery> open = new LinkedHashMap<>();
    private long last;

    /** The next delivery tag, for a delivery that needs no acknowledgement too. */
    public long nextTag() {
        return ++last;
    }

    public void add(Delivery delivery) {
        open.put(delivery.tag(), delivery);
    }

    /** Puts back what was taken, where it was. */
    public void giveBack(List<Delivery> taken) {
        TreeMap<Long, Delivery> all = new TreeMap<>(open);
        taken.forEach(delivery -> all.put(delivery.tag(), delivery));
        open.clear();
        open.putAll(all);
    }

    /** Takes one; null where there is none of that tag. */
    public @Nullable Delivery take(long tag) {
        return open.remove(tag);
    }

    /** Takes all up to the tag, or all for tag 0. */
    public List<Delivery> takeUpTo(long tag) {
        List<Delivery> taken = new ArrayList<>();
        Iterator<Map.Entry<Long, Delivery>> all = open.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<Long, Delivery> entry = all.next();
            if (tag != 0 && entry.getKey() > tag) {
                break;
            }
            taken.add(entry.getValue());
            all.remove();
        }
        return taken;
    }

    /** The tag last given. */
    public long last() {
        return last;
    }

    /** Everything that is not settled, oldest first. */
    public Collection<Delivery> open() {
        return Collections.unmodifiableCollection(open.values());
    }

    public int size() {
        return open.size();
    }
}
