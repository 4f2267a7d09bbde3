package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Guarded by its segment's lock: who watches which key. A reader of the stream of changes, present only while somebody watches. */
final class SegmentWatches implements ChangeListener {
    private final Map<WatchedKey, List<Watcher.Round>> watchers = new HashMap<>();
    private final Keyspace keyspace;
    private final Segment segment;

    SegmentWatches(Keyspace keyspace, Segment segment) {
        this.keyspace = keyspace;
        this.segment = segment;
    }

    void add(WatchedKey key, Watcher.Round round) {
        assert segment.held();
        if (watchers.isEmpty()) {
            segment.changes().listen(this);
        }
        watchers.computeIfAbsent(key, k -> new ArrayList<>(1)).add(round);
    }

    void remove(WatchedKey key, Watcher.Round round) {
        assert segment.held();
        List<Watcher.Round> list = watchers.get(key);
        if (list != null && list.remove(round) && list.isEmpty()) {
            watchers.remove(key);
            if (watchers.isEmpty()) {
                segment.changes().unlisten(this);
            }
        }
    }

    private boolean present(WatchedKey key) {
        KeyRef ref = new KeyRef().set(keyspace.hasher(), key.db(), key.bytes(), 0, key.bytes().length);
        return segment.peek(ref, Long.MIN_VALUE) != null;
    }

    @Override
    public void changed(Change change) {
        if (change.kind() == Change.Kind.FLUSHED) {
            watchers.forEach((key, list) -> {
                if (key.db() == change.db() && present(key)) {
                    list.forEach(Watcher.Round::invalidate);
                }
            });
            return;
        }
        List<Watcher.Round> list = watchers.get(new WatchedKey(change.db(), change.key()));
        if (list != null) {
            list.forEach(Watcher.Round::invalidate);
        }
    }

    /** A key by its value. */
    record WatchedKey(int db, byte[] bytes) implements Comparable<WatchedKey> {
        /** Clients choose the bytes: of keys with the same hash, a map finds one by its order. */
        @Override
        public int compareTo(WatchedKey other) {
            return db == other.db ? Arrays.compareUnsigned(bytes, other.bytes) : Integer.compare(db, other.db);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof WatchedKey key && db == key.db && Arrays.equals(bytes, key.bytes);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(bytes) + db;
        }
    }
}
