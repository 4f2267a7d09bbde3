package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Keyspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Owned by the thread that makes copies: the changes of an image, each segment's together and in their order, in a file of chunks of one
 * segment each. Each change is a length and its record.
 */
final class ChangeFile implements AutoCloseable {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int CHUNK = 16 << 10;

    private final Chunks[] segments = new Chunks[Keyspace.SEGMENTS];
    private final Arena arena = Arena.ofShared();
    private final FileChannel file;
    private MemorySegment bytes = MemorySegment.NULL;
    private long end;

    /** Where a segment's chunks begin, and what is not yet one. */
    private static final class Chunks {
        long[] from = new long[2];
        long[] upto = new long[2];
        int count;
        ByteBuffer open = ByteBuffer.allocate(0);

        void add(long begin, long past) {
            if (count == from.length) {
                from = Arrays.copyOf(from, 2 * count);
                upto = Arrays.copyOf(upto, 2 * count);
            }
            from[count] = begin;
            upto[count] = past;
            count++;
        }
    }

    /** Sees changes. */
    interface Visitor {
        /** The next one; it stands at a place of this file. */
        void change(long at, ByteBuffer record) throws IOException;
    }

    ChangeFile(Path path) throws IOException {
        Arrays.setAll(segments, i -> new Chunks());
        file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    private static ByteBuffer whole(ByteBuffer record) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(record.remaining()).flip();
    }

    private void write(ByteBuffer some) throws IOException {
        end += some.remaining();
        while (some.hasRemaining()) {
            file.write(some);
        }
    }

    private void close(Chunks of) throws IOException {
        if (of.open.position() > 0) {
            long begin = end;
            write(of.open.flip());
            of.open.clear();
            of.add(begin, end);
        }
    }

    /** The next change of a segment. */
    void add(int segment, ByteBuffer record) throws IOException {
        Chunks of = segments[segment];
        int size = Integer.BYTES + record.remaining();
        if (of.open.remaining() < size) {
            close(of);
        }
        if (size > CHUNK) {
            long begin = end;
            write(whole(record));
            write(record.duplicate());
            of.add(begin, end);
            return;
        }
        if (of.open.capacity() == 0) {
            of.open = ByteBuffer.allocate(CHUNK);
        }
        of.open.putInt(record.remaining()).put(record.duplicate());
    }

    /** There are no more: they can be read from now on. */
    void finish() throws IOException {
        for (Chunks each : segments) {
            close(each);
            each.open = ByteBuffer.allocate(0);
        }
        if (end > 0) {
            bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, end, arena);
        }
    }

    /** Whether a segment has any. */
    boolean has(int segment) {
        return segments[segment].count > 0;
    }

    /** Visits a segment's. */
    void forEach(int segment, Visitor visitor) throws IOException {
        Chunks of = segments[segment];
        for (int i = 0; i < of.count; i++) {
            for (long at = of.from[i]; at < of.upto[i]; ) {
                ByteBuffer record = at(at);
                int length = record.remaining();
                visitor.change(at, record);
                at += Integer.BYTES + length;
            }
        }
    }

    /** What stands at a place behind its length: a record, or a value in one. */
    ByteBuffer at(long place) {
        return bytes.asSlice(place + Integer.BYTES, bytes.get(WORD, place)).asByteBuffer();
    }

    @Override
    public void close() throws IOException {
        arena.close();
        file.close();
    }
}
