package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.List;

/** Owned by one connection: the keys it watches until the next EXEC, UNWATCH or DISCARD. */
public final class Watcher {
    private final List<Watched> keys = new ArrayList<>(2);
    private Round round = new Round();

    /** A key that is watched, of a database as the client names it, and the segment it is in. */
    private record Watched(Segment segment, int slot, SegmentWatches.WatchedKey key) {}

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

    /** Watches a key of this database as the client names it. */
    public void watch(Keyspace keyspace, int database, KeyRef given, long nowMillis) {
        SegmentWatches.WatchedKey key = new SegmentWatches.WatchedKey(database, given.copy());
        for (Watched watched : keys) {
            if (watched.key.equals(key)) {
                return;
            }
        }
        Watched watched = new Watched(keyspace.segment(given.slot()), given.slot(), key);
        watched.segment.lock();
        try {
            look(keyspace, watched, nowMillis);
            watched.segment.watches().add(key, round);
        } finally {
            watched.segment.unlock();
        }
        keys.add(watched);
    }

    /** Lets the key go where its time is over. */
    private static void look(Keyspace keyspace, Watched watched, long nowMillis) {
        byte[] bytes = watched.key.bytes();
        int stored = keyspace.databases().stored(watched.key.db());
        watched.segment.peek(new KeyRef().set(keyspace.hasher(), stored, bytes, 0, bytes.length), nowMillis);
    }

    /** Adds the watched keys' segments to those a transaction locks. */
    public void segments(SegmentSet set) {
        keys.forEach(watched -> set.add(watched.slot));
    }

    /** With their segments locked: lets go what expired, which invalidates. */
    public void expire(Keyspace keyspace, long nowMillis) {
        keys.forEach(watched -> look(keyspace, watched, nowMillis));
    }

    /** Watches nothing any more. */
    public void clear() {
        Round over = round;
        for (Watched watched : keys) {
            watched.segment.soon(() -> watched.segment.watches().remove(watched.key, over));
        }
        keys.clear();
        round = new Round();
    }
}
