package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where records go. Owned by the journal's thread, but for {@link #bytes}. */
public interface JournalStore extends AutoCloseable {
    /**
     * Writes records, each a length and its bytes, one after the other; not on disk before {@link #sync}. After
     * {@link NoRoomException} those before the buffer's position are written, and the others may be appended again; after anything else it
     * is not known what was, and only {@link #anew} goes on.
     */
    void append(ByteBuffer records) throws IOException;

    /** Has so many bytes of room ahead; {@link NoRoomException} where there is less, which changes nothing. */
    void reserve(long bytes) throws IOException;

    /** What was written is on disk when it returns. */
    void sync() throws IOException;

    /** Ends the segment that is written; answers the number of the next one, which has what is written from now on. */
    int roll() throws IOException;

    /**
     * Gives up the segment that is written, since something that belongs behind it is lost, and begins one that no start reads but from its
     * own number on; answers that.
     */
    int anew() throws IOException;

    /** Deletes what was written since {@link #anew}: there is no snapshot it goes on from. */
    void abandon() throws IOException;

    /** Deletes the segments before a number. */
    void dropBefore(int segment) throws IOException;

    /** About how many bytes the segments have. From any thread. */
    long bytes();

    /** Leaves the segment that is written as it is, without the mark of its end: something that belongs behind it is lost. */
    void giveUp();

    @Override
    void close() throws IOException;
}
