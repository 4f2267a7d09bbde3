package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where records go. Owned by the journal's thread, but for {@link #bytes}. */
public interface JournalStore extends AutoCloseable {
    /** Writes records, each a length and its bytes, one after the other; not on disk before {@link #sync}. */
    void append(ByteBuffer records) throws IOException;

    /** What was written is on disk when it returns. */
    void sync() throws IOException;

    /** Ends the segment that is written; answers the number of the next one, which has what is written from now on. */
    int roll() throws IOException;

    /** Deletes the segments before a number. */
    void dropBefore(int segment) throws IOException;

    /** About how many bytes the segments have. From any thread. */
    long bytes();

    @Override
    void close() throws IOException;
}
