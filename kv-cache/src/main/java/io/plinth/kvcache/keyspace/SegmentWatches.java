package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/** Guarded by its segment's lock: who watches which key. A reader of the stream of changes, present only while somebody watches. */
final class SegmentWatches implements ChangeListener {
    private final Map<WatchedKey, List<Watcher>> watchers = new HashMap<>();
    private final BiPredicate<Integer, byte[]> present;

    SegmentWatches(BiPredicate<Integer, byte[]> present) {
        this.present = present;
    }

    boolean isEmpty() {
        return watchers.isEmpty();
    }

    void add(WatchedKey key, Watcher watcher) {
        watchers.computeIfAbsent(key, k -> new ArrayList<>(1)).add(watcher);
    }

    void remove(WatchedKey key, Watcher watcher) {
        List<Watcher> list = watchers.get(key);
        if (list != null && list.remove(watcher) && list.isEmpty()) {
            watchers.remove(key);
        }
    }

    @Override
    public void changed(Change change) {
        if (change.kind() == Change.Kind.FLUSHED) {
            watchers.forEach((key, list) -> {
                if (key.db() == change.db() && present.test(key.db(), key.bytes())) {
                    list.forEach(Watcher::invalidate);
                }
            });
            return;
        }
        List<Watcher> list = watchers.get(new WatchedKey(change.db(), change.key()));
        if (list != null) {
            list.forEach(Watcher::invalidate);
        }
    }

    /** A key by its value. */
    record WatchedKey(int db, byte[] bytes) {
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
