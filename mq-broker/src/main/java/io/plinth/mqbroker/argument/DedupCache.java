package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.log.Effect;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;

/** Owned by its shard's loop. The keys of the last messages of a queue, the oldest forgotten first. */
public final class DedupCache {
    private record Seen(long id, Effect.Dedup dedup) {}

    private final QueueArguments.Dedup settings;
    private final Deque<Seen> order = new ArrayDeque<>();
    private final Set<String> keys = new HashSet<>();

    public DedupCache(QueueArguments.Dedup settings) {
        this.settings = settings;
    }

    public QueueArguments.Dedup settings() {
        return settings;
    }

    public void restore(SortedMap<Long, Effect.Dedup> found) {
        found.forEach((id, dedup) -> remember(id, dedup));
    }

    public boolean knows(String key) {
        return keys.contains(key);
    }

    /** Whether the key would be remembered no more; only the oldest are looked at. */
    public boolean expired(String key, long now) {
        for (Seen seen : order) {
            if (seen.dedup().until() >= now) {
                return false;
            }
            if (seen.dedup().key().equals(key)) {
                return true;
            }
        }
        return false;
    }

    public void remember(long id, Effect.Dedup dedup) {
        if (keys.add(dedup.key())) {
            order.addLast(new Seen(id, dedup));
        }
    }

    /** Until when a key that comes now is remembered. */
    public long until(long now) {
        return settings.ttl() < 0 ? Long.MAX_VALUE : now + settings.ttl();
    }

    /** Forgets what is too old, and the oldest where one more would be too many; returns the id up to which, or 0. */
    public long forget(long now) {
        long upTo = 0;
        while (!order.isEmpty() && (order.peekFirst().dedup().until() < now || order.size() >= settings.size())) {
            Seen oldest = order.removeFirst();
            keys.remove(oldest.dedup().key());
            upTo = oldest.id();
        }
        return upTo;
    }
}
