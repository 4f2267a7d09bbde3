package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.store.Databases;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Guarded by its segment's lock: who watches which key of the databases as clients name them. A reader of the stream of changes,
 * present only while somebody watches.
 */
final class SegmentWatches implements ChangeListener {
    private static final long BEFORE_ALL = Long.MIN_VALUE;

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

    @Override
    public void changed(Change change) {
        if (change.kind() == Change.Kind.FLUSHED) {
            watchers.forEach((key, list) -> {
                if (key.db() == named(change) && present(change.db(), key.bytes(), BEFORE_ALL)) {
                    list.forEach(Watcher.Round::invalidate);
                }
            });
            return;
        }
        List<Watcher.Round> list = watchers.get(new WatchedKey(named(change), change.key()));
        if (list != null) {
            list.forEach(Watcher.Round::invalidate);
        }
    }

    private int named(Change change) {
        return keyspace.databases().named(change.db());
    }

    private boolean present(int stored, byte[] key, long nowMillis) {
        return segment.peek(new KeyRef().set(keyspace.hasher(), stored, key, 0, key.length), nowMillis) != null;
    }

    /** Two databases are about to be exchanged: who watches a key that is in one of them hears of it, as in Redis. */
    void exchange(int one, int other, long nowMillis) {
        Databases databases = keyspace.databases();
        watchers.forEach((key, list) -> {
            if ((key.db() == one || key.db() == other)
                    && (present(databases.stored(one), key.bytes(), nowMillis)
                            || present(databases.stored(other), key.bytes(), nowMillis))) {
                list.forEach(Watcher.Round::invalidate);
            }
        });
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
