package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.SegmentWatches.WatchedKey;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: who waits for which key of the databases as clients name them, in the order they came, and which of
 * those keys changed since they were served last. A reader of the stream of changes, present only while somebody waits.
 */
public final class SegmentWaits implements ChangeListener {
    private final Map<WatchedKey, ArrayDeque<Waiter>> waiters = new HashMap<>();
    private final LinkedHashSet<WatchedKey> ready = new LinkedHashSet<>();

    private final Keyspace keyspace;
    private final Segment segment;

    SegmentWaits(Keyspace keyspace, Segment segment) {
        this.keyspace = keyspace;
        this.segment = segment;
    }

    /** A key that changed, its database in records, and who waits for it. */
    public record Ready(int db, byte[] key, List<Waiter> waiters) {}

    /** Has somebody wait for a key, its database as the client names it, after all who wait already. */
    public void add(KeyRef key, Waiter waiter) {
        assert segment.held();
        if (waiters.isEmpty()) {
            segment.changes().listen(this);
        }
        waiters.computeIfAbsent(of(key), k -> new ArrayDeque<>(2)).add(waiter);
    }

    /** Ends a wait for such a key. */
    public void remove(KeyRef key, Waiter waiter) {
        assert segment.held();
        ArrayDeque<Waiter> queue = waiters.get(of(key));
        if (queue != null && queue.remove(waiter) && queue.isEmpty()) {
            waiters.remove(of(key));
            ready.remove(of(key));
            if (waiters.isEmpty()) {
                segment.changes().unlisten(this);
            }
        }
    }

    private static WatchedKey of(KeyRef key) {
        return new WatchedKey(key.db(), key.copy());
    }

    @Override
    public void changed(Change change) {
        int database = keyspace.databases().named(change.db());
        if (change.kind() == Change.Kind.FLUSHED) {
            waiters.keySet().forEach(key -> {
                if (key.db() == database) {
                    ready.add(key);
                }
            });
            return;
        }
        WatchedKey key = new WatchedKey(database, change.key());
        if (waiters.containsKey(key)) {
            ready.add(key);
        }
    }

    /** Whether a key that somebody waits for changed. */
    public boolean anyReady() {
        return !ready.isEmpty();
    }

    /** Two databases were exchanged: who waits for a key of one of them sees another. */
    void exchanged(int one, int other) {
        waiters.keySet().forEach(key -> {
            if (key.db() == one || key.db() == other) {
                ready.add(key);
            }
        });
    }

    /** Has a key of the records' databases looked at again though it did not change. */
    public void again(KeyRef key) {
        again(new WatchedKey(keyspace.databases().named(key.db()), key.copy()));
    }

    /** The same for a key that somebody waits for by the name of its database. */
    public void awaitedAgain(KeyRef key) {
        again(of(key));
    }

    private void again(WatchedKey key) {
        assert segment.held();
        if (waiters.containsKey(key)) {
            ready.add(key);
        }
    }

    /** Takes the next key that changed and that somebody waits for; null when there is none. */
    public @Nullable Ready next() {
        assert segment.held();
        if (ready.isEmpty()) {
            return null;
        }
        WatchedKey key = ready.removeFirst();
        ArrayDeque<Waiter> queue = waiters.get(key);
        return new Ready(
                keyspace.databases().stored(key.db()), key.bytes(), queue == null ? List.of() : List.copyOf(queue));
    }
}
