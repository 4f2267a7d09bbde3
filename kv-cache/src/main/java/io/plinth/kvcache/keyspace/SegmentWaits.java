package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.SegmentWatches.WatchedKey;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: who waits for which key, in the order they came, and which of those keys changed since they were
 * served last. A reader of the stream of changes, present only while somebody waits.
 */
public final class SegmentWaits implements ChangeListener {
    private final Map<WatchedKey, ArrayDeque<Waiter>> waiters = new HashMap<>();
    private final LinkedHashSet<WatchedKey> ready = new LinkedHashSet<>();

    private final Segment segment;

    SegmentWaits(Segment segment) {
        this.segment = segment;
    }

    /** A key that changed, and who waits for it. */
    public record Ready(int db, byte[] key, List<Waiter> waiters) {}

    /** Has somebody wait for a key, after all who wait already. */
    public void add(KeyRef key, Waiter waiter) {
        assert segment.held();
        if (waiters.isEmpty()) {
            segment.changes().listen(this);
        }
        waiters.computeIfAbsent(of(key), k -> new ArrayDeque<>(2)).add(waiter);
    }

    /** Ends a wait for a key. */
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
        if (change.kind() == Change.Kind.FLUSHED) {
            waiters.keySet().forEach(key -> {
                if (key.db() == change.db()) {
                    ready.add(key);
                }
            });
            return;
        }
        WatchedKey key = new WatchedKey(change.db(), change.key());
        if (waiters.containsKey(key)) {
            ready.add(key);
        }
    }

    /** Whether a key that somebody waits for changed. */
    public boolean anyReady() {
        return !ready.isEmpty();
    }

    /** Has a key looked at again though it did not change. */
    public void again(KeyRef key) {
        assert segment.held();
        if (waiters.containsKey(of(key))) {
            ready.add(of(key));
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
        return new Ready(key.db(), key.bytes(), queue == null ? List.of() : List.copyOf(queue));
    }
}
