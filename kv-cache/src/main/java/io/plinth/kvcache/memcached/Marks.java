package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Channel;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Shared by all loops: flags, CAS numbers and the like of keys that memcached clients stored or looked at. A reader of the stream of
 * changes: what a Redis command, expiry or eviction does to a key ends its mark, so that a CAS number never outlives its value. What
 * marks take counts as memory of the keys. Each mark is read and changed under its key's segment lock.
 */
final class Marks implements ChangeListener {
    private static final int OVERHEAD = 136;

    private final Keyspace keyspace;
    private final ConcurrentMap<Channel, Mark> marks = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    Marks(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** A number that no value had. */
    long next() {
        return numbers.incrementAndGet();
    }

    @Nullable
    Mark find(KeyRef key) {
        return marks.get(new Channel(key.copy()));
    }

    /** The mark of a key that is present; a Redis client's key gets one now. */
    Mark of(KeyRef key, long nowMillis) {
        Mark mark = find(key);
        return mark == null ? put(key, 0, nowMillis) : mark;
    }

    /** A key has a new value. */
    Mark put(KeyRef key, int flags, long nowMillis) {
        Mark mark = new Mark(flags, next(), nowMillis);
        if (marks.put(new Channel(key.copy()), mark) == null) {
            keyspace.memory().report(OVERHEAD + key.length());
        }
        return mark;
    }

    @Override
    public void changed(Change change) {
        if (change.db() != 0 || change.kind() == Change.Kind.EXPIRY) {
            return;
        }
        if (change.kind() == Change.Kind.FLUSHED) {
            marks.keySet().forEach(this::forget);
        } else {
            forget(new Channel(change.key()));
        }
    }

    private void forget(Channel key) {
        if (marks.remove(key) != null) {
            keyspace.memory().report(-(OVERHEAD + key.bytes().length));
        }
    }
}
