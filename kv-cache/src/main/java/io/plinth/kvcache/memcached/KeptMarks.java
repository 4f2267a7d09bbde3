package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.store.ItemMarks;
import io.plinth.kvcache.keyspace.write.Annotation;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What has to outlive a restart of what memcached's clients know: without its flags a client misreads a value, and what was stale
 * would be fresh. Each is {@code flags 4 | stale 1}.
 */
final class KeptMarks implements Annotation {
    private static final int SIZE = 5;

    private final Keyspace keyspace;

    KeptMarks(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** Of a string; null where there is nothing to keep. */
    @Override
    public byte @Nullable [] of(Entry entry) {
        int flags = entry.flags();
        int stale = entry.bits() & ItemMarks.STALE;
        return flags == 0 && stale == 0
                ? null
                : ByteBuffer.allocate(SIZE).putInt(flags).put((byte) stale).array();
    }

    @Override
    public boolean restore(KeyRef key, byte[] known, long nowMillis) {
        if (known.length != SIZE) {
            throw new IllegalStateException("memcached: " + known.length + " bytes of a key (expected: " + SIZE + ")");
        }
        Segment segment = keyspace.segment(key.slot());
        // Whether its time is over is looked at when everything is back.
        Entry entry = segment.peek(key, Long.MIN_VALUE);
        if (entry != null && entry.isString()) {
            ByteBuffer in = ByteBuffer.wrap(known);
            segment.mark(entry, in.getInt(), 0, in.get() == 0 ? 0 : ItemMarks.STALE);
        }
        return true;
    }
}
