package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.write.Annotation;
import io.plinth.kvcache.session.Channel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Shared by all loops: flags, CAS numbers and the like of keys that memcached clients stored or looked at. A reader of the stream of
 * changes: what a Redis command, expiry or eviction does to a key ends its mark, so that a CAS number never outlives its value. What
 * marks take counts as memory of the keys. Marks and the map they are in are guarded by their key's segment lock.
 */
final class Marks implements ChangeListener, Annotation {
    private static final int OVERHEAD = 136;
    /** Of a mark as it is kept: {@code flags 4 | stale 1}. */
    private static final int KEPT = 5;
    /** Numbers for each millisecond, so that those of a later process are higher than those of this one. */
    private static final int NUMBERS_SHIFT = 20;

    private final Keyspace keyspace;
    private final List<Map<Channel, Mark>> segments = new ArrayList<>();
    private final AtomicLong numbers;
    /** Nobody makes marks: those of before are kept, and what ends them is listened for while there are any. */
    private final boolean passive;

    /** CAS numbers are not kept, so they begin at the time: clients may still have those of an earlier process. */
    Marks(Keyspace keyspace, long nowMillis, boolean passive) {
        this.keyspace = keyspace;
        this.passive = passive;
        this.numbers = new AtomicLong(nowMillis << NUMBERS_SHIFT);
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            segments.add(new HashMap<>());
        }
    }

    /** A number that no value had. */
    long next() {
        return numbers.incrementAndGet();
    }

    private Map<Channel, Mark> of(int slot) {
        return segments.get(slot % Keyspace.SEGMENTS);
    }

    /** The mark of a key that is present; a Redis client's key gets one now. */
    Mark of(KeyRef key, long nowMillis) {
        Mark mark = of(key.slot()).get(new Channel(key.copy()));
        return mark == null ? put(key, 0, nowMillis) : mark;
    }

    /** A key has a new value. */
    Mark put(KeyRef key, int flags, long nowMillis) {
        Mark mark = new Mark(flags, next(), nowMillis);
        if (of(key.slot()).put(new Channel(key.copy()), mark) == null) {
            keyspace.memory().report(OVERHEAD + key.length());
        }
        return mark;
    }

    @Override
    public void changed(Change change) {
        if (change.db() != 0 || change.kind() == Change.Kind.EXPIRY || change.kind() == Change.Kind.ANNOTATED) {
            return;
        }
        if (change.kind() == Change.Kind.FLUSHED) {
            flushed();
        } else if (of(change.slot()).remove(new Channel(change.key())) != null) {
            keyspace.memory().report(-(OVERHEAD + change.key().length));
            if (passive && of(change.slot()).isEmpty()) {
                keyspace.unlisten(change.slot() % Keyspace.SEGMENTS, this);
            }
        }
    }

    /** What has to outlive a restart: without its flags a client misreads a value, and what was stale would be fresh. */
    static byte @Nullable [] kept(Mark mark) {
        return mark.flags == 0 && !mark.stale
                ? null
                : ByteBuffer.allocate(KEPT)
                        .putInt(mark.flags)
                        .put((byte) (mark.stale ? 1 : 0))
                        .array();
    }

    @Override
    public byte @Nullable [] of(Entry entry) {
        Map<Channel, Mark> marks = of(entry.slot());
        Mark mark = entry.db() != 0 || marks.isEmpty() ? null : marks.get(new Channel(entry.key()));
        return mark == null ? null : kept(mark);
    }

    @Override
    public boolean restore(KeyRef key, byte[] known, long nowMillis) {
        if (known.length != KEPT || key.db() != 0) {
            throw new IllegalStateException("memcached: " + known.length + " bytes of a key (expected: " + KEPT + ")");
        }
        ByteBuffer in = ByteBuffer.wrap(known);
        if (passive) {
            keyspace.listen(key.slot() % Keyspace.SEGMENTS, this);
        }
        Mark mark = put(key, in.getInt(), nowMillis);
        mark.stale = in.get() != 0;
        return true;
    }

    /** A segment goes, of those this thread has locked: all of them do. */
    private void flushed() {
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            Map<Channel, Mark> marks = segments.get(i);
            if (keyspace.at(i).held()) {
                marks.keySet().forEach(key -> keyspace.memory().report(-(OVERHEAD + key.bytes().length)));
                marks.clear();
            }
        }
    }
}
