package io.plinth.dbproxy.failover;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When the clients of a causal key last wrote, by shard. What is forgotten for want of room counts as written by every key
 * that is not known, so a read may be sent to a fresher replica than it needs, never to an older one. Any thread.
 */
public final class KeyedWrites {
    private record Place(String key, String shard) {}

    private final int limit;
    private final Map<Place, Long> last = new LinkedHashMap<>();
    private @Nullable Long forgotten;

    public KeyedWrites(int limit) {
        this.limit = limit;
    }

    /** A client of this key has written. */
    public synchronized void wrote(String key, String shard, long nanos) {
        Place place = new Place(key, shard);
        Long before = last.remove(place);
        last.put(place, before != null && before - nanos > 0 ? before : (Long) nanos);
        while (last.size() > limit) {
            Map.Entry<Place, Long> eldest = last.entrySet().iterator().next();
            last.remove(eldest.getKey());
            forgotten = later(forgotten, eldest.getValue());
        }
    }

    private static Long later(@Nullable Long one, Long other) {
        return one != null && one - other > 0 ? one : other;
    }

    /** As of when a replica must be for a client of this key; {@code never} where nothing of it is known. */
    public synchronized long needed(String key, String shard, long never) {
        Long known = last.get(new Place(key, shard));
        if (known != null) {
            return known;
        }
        Long floor = forgotten;
        return floor == null ? never : floor;
    }
}
