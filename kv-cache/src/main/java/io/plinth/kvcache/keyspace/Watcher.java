package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Owned by one connection; invalidated from any thread that changes a watched key, under that key's segment lock. */
public final class Watcher {
    private static final int PAUSE_NANOS = 100_000;

    private final List<Watched> keys = new ArrayList<>(2);
    private volatile boolean invalid;

    /** A key that is watched and the segment it is in. */
    private record Watched(Segment segment, KeyRef key) {}

    void invalidate() {
        invalid = true;
    }

    /** Whether a watched key changed. */
    public boolean invalid() {
        return invalid;
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
            segment.watch(new SegmentWatches.WatchedKey(own.db(), bytes), this);
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
        for (Watched watched : keys) {
            while (!watched.segment.tryLock()) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            try {
                watched.segment.unwatch(new SegmentWatches.WatchedKey(watched.key.db(), watched.key.buffer()), this);
            } finally {
                watched.segment.unlock();
            }
        }
        keys.clear();
        invalid = false;
    }
}
