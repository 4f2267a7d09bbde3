package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.List;

/** Owned by one connection: the keys it watches until the next EXEC, UNWATCH or DISCARD. */
public final class Watcher {
    private final List<Watched> keys = new ArrayList<>(2);
    private Round round = new Round();

    /** A key that is watched and the segment it is in. */
    private record Watched(Segment segment, KeyRef key) {}

    /**
     * Invalidated from any thread that changes a watched key, under that key's segment lock. Each EXEC has one of its own: a
     * segment that a script holds for long forgets it late, and tells nobody of what it sees until then.
     */
    static final class Round {
        private volatile boolean invalid;

        void invalidate() {
            invalid = true;
        }
    }

    /** Whether a watched key changed. */
    public boolean invalid() {
        return round.invalid;
    }

    /** How many keys are watched. */
    public int size() {
        return keys.size();
    }

    /** Watches a key. */
    public void watch(Keyspace keyspace, KeyRef key, long nowMillis) {
        for (Watched watched : keys) {
            if (watched.key.same(key)) {
                return;
            }
        }
        Segment segment = keyspace.segment(key.slot());
        byte[] bytes = key.copy();
        KeyRef own = new KeyRef().set(keyspace.hasher(), key.db(), bytes, 0, bytes.length);
        segment.lock();
        try {
            segment.peek(own, nowMillis);
            segment.watches().add(new SegmentWatches.WatchedKey(own.db(), bytes), round);
        } finally {
            segment.unlock();
        }
        keys.add(new Watched(segment, own));
    }

    /** Adds the watched keys' segments to those a transaction locks. */
    public void segments(SegmentSet set) {
        keys.forEach(watched -> set.add(watched.key.slot()));
    }

    /** With their segments locked: lets go what expired, which invalidates. */
    public void expire(long nowMillis) {
        keys.forEach(watched -> watched.segment.peek(watched.key, nowMillis));
    }

    /** Watches nothing any more. */
    public void clear() {
        Round over = round;
        for (Watched watched : keys) {
            SegmentWatches.WatchedKey key = new SegmentWatches.WatchedKey(watched.key.db(), watched.key.buffer());
            watched.segment.soon(() -> watched.segment.watches().remove(key, over));
        }
        keys.clear();
        round = new Round();
    }
}
