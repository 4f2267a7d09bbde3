package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.log.Effect;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;

/** Owned by its shard's loop. The keys of the last messages of a queue, the oldest forgotten first. */
public final class DedupCache {
    private record Seen(long id, Effect.Dedup dedup, boolean logged) {}

    private final QueueArguments.Dedup settings;
    /** By key, in the order of their messages. */
    private final Map<String, Seen> keys = new LinkedHashMap<>();

    public DedupCache(QueueArguments.Dedup settings) {
        this.settings = settings;
    }

    public QueueArguments.Dedup settings() {
        return settings;
    }

    public void restore(SortedMap<Long, Effect.Dedup> found) {
        found.forEach((id, dedup) -> remember(id, dedup, true));
    }

    /**
     * Whether a message of the key came and is still remembered.
     *
     * @param lasting whether only one will do that survives the process
     */
    public boolean knows(String key, boolean lasting, long now) {
        Seen seen = keys.get(key);
        return seen != null && seen.dedup().until() >= now && (seen.logged() || !lasting);
    }

    /** A message came, in the place of an earlier one of its key. */
    public void remember(long id, Effect.Dedup dedup, boolean logged) {
        keys.remove(dedup.key());
        keys.put(dedup.key(), new Seen(id, dedup, logged));
    }

    /** Until when a key that comes now is remembered. */
    public long until(long now) {
        return settings.ttl() < 0 ? Long.MAX_VALUE : now + settings.ttl();
    }

    /** Forgets what is too old, and the oldest where one more would be too many; returns the id up to which, or 0. */
    public long forget(long now) {
        long upTo = 0;
        Iterator<Seen> oldest = keys.values().iterator();
        while (oldest.hasNext()) {
            Seen seen = oldest.next();
            if (seen.dedup().until() >= now && keys.size() < settings.size()) {
                break;
            }
            oldest.remove();
            upTo = seen.id();
        }
        return upTo;
    }
}
