package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.KeyRef;

/** Hears of what no command asked for, or that changes nothing, under the segment's lock, before the command goes on. */
public interface KeyWatch {
    /** A key is there that was not. */
    void added(KeyRef key);

    /** A read did not find its key. */
    void missed(KeyRef key);

    /** Fields of a hash were removed as their time was over; {@code last}: all it had. */
    void fieldsOver(int db, byte[] key, boolean last);
}
