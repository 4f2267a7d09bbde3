package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An append-only log cut into segments. {@link #replay} comes first, on the thread that opened it; then one thread appends, syncs and
 * drops; any thread may read. A position is {@code segment << 32 | offset}; segments count up from 1, so 0 is no position.
 */
public interface SegmentLog extends AutoCloseable {
    /** Takes a record during replay; the buffer is valid only during the call. */
    @FunctionalInterface
    interface Visitor {
        void record(long position, ByteBuffer record) throws IOException;
    }

    /**
     * A segment.
     *
     * @param bytes how long it is
     */
    record Segment(int id, long bytes) {}

    /** Takes a record while scanning, on any thread; says whether to go on. */
    @FunctionalInterface
    interface Scan {
        boolean record(long position, ByteBuffer record) throws IOException;
    }

    /**
     * Appends; nothing is promised before {@link #sync}.
     *
     * @throws NoRoomException nothing was appended, and it can be tried again; after any other exception the log takes no more
     */
    long append(ByteBuffer record) throws IOException;

    /**
     * Makes room for a record of so many octets, so that it could be appended now.
     *
     * @throws NoRoomException there is none, and it can be tried again
     */
    void reserve(int bytes) throws IOException;

    /** Hands everything appended to the operating system: it survives a kill, not a power cut. */
    default void flush() throws IOException {}

    /** Returns once everything appended would survive the loss of power; after an exception the log takes no more. */
    void sync() throws IOException;

    /** Ends the segment; the next append begins another. Syncs what is in it. */
    void roll() throws IOException;

    /**
     * Visits the records behind {@code from} (exclusive; 0 for all), in order. In each segment it stops at the first record that is
     * incomplete or whose checksum differs, unless intact ones follow: then the damage is reported with its place.
     */
    default void replay(long from, Visitor visitor) throws IOException {
        scan(from, (position, record) -> {
            if (position != from) {
                visitor.record(position, record);
            }
            return true;
        });
    }

    /** As {@link #replay}, but with the record at {@code from}, for as long as the visitor wants, and from any thread. */
    void scan(long from, Scan visitor) throws IOException;

    /** The record at a position; throws when it is gone or damaged. */
    ByteBuffer read(long position) throws IOException;

    /** Hears what stands at one of several positions. */
    interface Found {
        /** The record at {@code positions[at]}; valid only during the call. */
        void record(int at, ByteBuffer record) throws IOException;

        /** The record is gone or damaged, or {@link #record} could not make anything of it. */
        void failed(int at, IOException why);
    }

    /** Reads what stands at each of the positions, in their order. */
    default void read(long[] positions, Found found) {
        for (int at = 0; at < positions.length; at++) {
            read(positions[at], at, found);
        }
    }

    /** Reads one of several. */
    default void read(long position, int at, Found found) {
        try {
            found.record(at, read(position));
        } catch (IOException e) {
            found.failed(at, e);
        }
    }

    /** All segments, oldest first. */
    List<Segment> segments();

    /** The segment being appended to, 0 before the first append. */
    int current();

    /** Deletes a segment that is not the current one, for good. */
    void drop(int segment) throws IOException;

    @Override
    void close() throws IOException;

    static int segmentOf(long position) {
        return (int) (position >>> 32);
    }

    static long position(int segment, long offset) {
        return (long) segment << 32 | offset;
    }
}
