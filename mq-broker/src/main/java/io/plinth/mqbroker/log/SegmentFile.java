package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One preallocated segment: records one behind the other from offset {@link #START}, each at a multiple of eight, zeros behind the last.
 * Written by the log's writer thread through one buffer; any thread may read what was flushed.
 */
final class SegmentFile implements AutoCloseable {
    /** No record stands at 0, so that no position is. */
    static final int START = 8;

    private static final int ALIGNMENT = 8;
    private static final int BUFFER = 256 << 10;
    /** So much is allocated at once: the file's size changes, and its metadata is synced, that rarely. */
    private static final int ALLOCATION = 4 << 20;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();
    private static final int WINDOW = 1 << 20;
    /** Records further apart are read one by one. */
    private static final int GAP = 16 << 10;
    /** So much is read of the last of several records. */
    private static final int TAIL = 4 << 10;

    private final int id;
    private final Path path;
    private final FileChannel channel;
    private final RecordFraming framing = new RecordFraming();
    private @Nullable ByteBuffer buffer;
    private final int allocation;
    /** The file's length; written by the log's writer thread alone. */
    private volatile long allocated;

    private long flushed = START;

    /**
     * Opens or makes the file.
     *
     * @param segmentBytes how long it is going to be
     */
    SegmentFile(int id, Path path, long segmentBytes) throws IOException {
        this.id = id;
        this.allocation = (int) Math.min(ALLOCATION, segmentBytes);
        this.path = path;
        this.channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        this.allocated = channel.size();
    }

    /** Makes it ready to be appended to. */
    void begin() throws IOException {
        allocate(START);
        channel.force(true);
        // Last: where there is no room this is tried again and again, and nobody gives it back soon.
        buffer = ByteBuffer.allocateDirect(BUFFER);
    }

    private ByteBuffer buffer() {
        return java.util.Objects.requireNonNull(buffer, "segment was not begun");
    }

    int id() {
        return id;
    }

    long size() {
        return allocated;
    }

    /** Where the next record goes. */
    long end() {
        return flushed + (buffer == null ? 0 : buffer.position());
    }

    private static long aligned(long offset) {
        return offset + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /** Appends a record; returns its offset. */
    long append(ByteBuffer record) throws IOException {
        int size = RecordFraming.HEADER + record.remaining();
        int padded = (int) aligned(size);
        long offset = end();
        allocate(offset + padded);
        ByteBuffer out = buffer();
        if (out.remaining() < padded) {
            flush();
        }
        if (padded > out.capacity()) {
            ByteBuffer large = ByteBuffer.allocate(padded);
            framing.append(large, id, record);
            large.position(padded).flip();
            write(large);
            return offset;
        }
        int at = out.position();
        framing.append(out, id, record);
        while (out.position() < at + padded) {
            out.put((byte) 0);
        }
        return offset;
    }

    /** Allocates what a record of so many octets takes. */
    void reserve(int bytes) throws IOException {
        allocate(end() + aligned(RecordFraming.HEADER + (long) bytes));
    }

    private void allocate(long upTo) throws IOException {
        long at = allocated;
        try {
            while (at < upTo) {
                long end = at + allocation;
                while (at < end) {
                    at += channel.write(ZEROS.slice(0, (int) Math.min(ZEROS.capacity(), end - at)), at);
                    allocated = at;
                }
            }
        } catch (IOException e) {
            throw NoRoomException.or(path.toString(), e, path, allocation);
        }
    }

    /** Hands what was appended to the operating system. */
    void flush() throws IOException {
        ByteBuffer out = buffer;
        if (out != null && out.position() > 0) {
            write(out.flip());
            out.clear();
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            flushed += channel.write(bytes, flushed);
        }
    }

    void sync() throws IOException {
        flush();
        channel.force(false);
    }

    /** Nothing is appended any more. */
    void seal() throws IOException {
        sync();
        buffer = null;
    }

    /**
     * A record.
     *
     * @param behind where the next one may stand
     */
    record Found(long offset, ByteBuffer payload, long behind) {}

    /** The intact record at an offset, or null. */
    @Nullable
    Found at(long offset, RecordFraming check) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(RecordFraming.HEADER);
        if (!fill(header, offset)) {
            return null;
        }
        int length = header.getInt(0);
        if (length < 0 || header.getInt(8) != id || offset + RecordFraming.HEADER + length > channel.size()) {
            return null;
        }
        ByteBuffer whole = ByteBuffer.allocate(RecordFraming.HEADER + length);
        if (!fill(whole, offset)) {
            return null;
        }
        whole.flip();
        return check.intact(whole, id)
                ? new Found(offset, RecordFraming.payload(whole), aligned(offset + whole.remaining()))
                : null;
    }

    /** Up to where, exclusive, positions follow the one at {@code from} so closely that one read serves all. */
    static int run(long[] positions, int from) {
        int to = from + 1;
        while (to < positions.length
                && positions[to] > positions[to - 1]
                && positions[to] - positions[to - 1] <= GAP
                && positions[to] - positions[from] <= BUFFER - TAIL
                && SegmentLog.segmentOf(positions[to]) == SegmentLog.segmentOf(positions[from])) {
            to++;
        }
        return to;
    }

    /** What stands from an offset up to the record at another, and with that where it is not long; null where it cannot be read. */
    @Nullable
    ByteBuffer block(long from, long last) {
        ByteBuffer block = ByteBuffer.allocate((int) (last - from) + TAIL);
        try {
            fill(block, from);
        } catch (IOException e) {
            return null;
        }
        return block.flip();
    }

    /** The payload of the intact record that stands whole in the block, or null. */
    @Nullable
    ByteBuffer in(ByteBuffer block, int at, RecordFraming check) {
        if (at + RecordFraming.HEADER > block.limit()) {
            return null;
        }
        int length = block.getInt(at);
        if (length < 0 || length > block.limit() - at - RecordFraming.HEADER) {
            return null;
        }
        ByteBuffer whole = block.slice(at, RecordFraming.HEADER + length);
        return check.intact(whole, id) ? RecordFraming.payload(whole) : null;
    }

    /** The first intact record behind damage at an offset, or null where there is none: the end of what was synced. */
    @Nullable
    Found behind(long damaged, RecordFraming check) throws IOException {
        long size = channel.size();
        for (long from = aligned(damaged + 1); from < size; from += WINDOW) {
            ByteBuffer window = ByteBuffer.allocate((int) Math.min(WINDOW + RecordFraming.HEADER, size - from));
            fill(window, from);
            for (int at = 0; at < WINDOW && at + RecordFraming.HEADER <= window.limit(); at += ALIGNMENT) {
                Found found = window.getInt(at + 8) == id ? at(from + at, check) : null;
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private boolean fill(ByteBuffer into, long at) throws IOException {
        long from = at;
        while (into.hasRemaining()) {
            int read = channel.read(into, from);
            if (read < 0) {
                return false;
            }
            from += read;
        }
        return true;
    }

    @Override
    public String toString() {
        return path.toString();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
