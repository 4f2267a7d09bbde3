package io.plinth.kvcache.persist.journal;

import io.plinth.kvcache.persist.effect.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Owned by the journal's thread, but for {@link #left}: the changes it writes, as far as they are not yet. */
final class JournalBatch {
    private ByteSink records = new ByteSink();
    private volatile int left;
    private long upto;

    /** Takes what was gathered up to a position, once it has nothing left; answers an empty one to gather in. */
    ByteSink swap(ByteSink gathered, long position) {
        ByteSink empty = records;
        records = gathered;
        left = gathered.size();
        upto = position;
        return empty;
    }

    /** How many bytes are not written. From any thread. */
    int left() {
        return left;
    }

    /** Up to which position of the journal it goes. */
    long upto() {
        return upto;
    }

    /** Writes what is left, in order; after {@link NoRoomException} the rest is left. */
    void write(JournalStore store) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(records.array(), records.size() - left, left);
        try {
            store.append(rest);
        } finally {
            left = rest.remaining();
        }
        clear();
    }

    void clear() {
        records.clear();
        left = 0;
    }
}
