package io.plinth.kvcache.persist.snapshot;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Owned by its reader: a snapshot's file, mapped: its blocks by where they begin. */
final class BlockFile implements AutoCloseable {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;

    BlockFile(Path path) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
        }
    }

    /** How long it is. */
    long size() {
        return bytes.byteSize();
    }

    /** What it says of itself; null where both places that say so are damaged. */
    @Nullable
    SnapshotFacts facts() {
        SnapshotFacts first = facts(0);
        for (int i = 0; first == null && i < SnapshotFacts.LENGTHS.size(); i++) {
            first = facts(size() - Block.HEAD - SnapshotFacts.LENGTHS.get(i));
        }
        return first;
    }

    private @Nullable SnapshotFacts facts(long at) {
        Block head = at < 0 ? null : head(at);
        ByteBuffer body = head == null ? null : body(at, head);
        return body == null ? null : SnapshotFacts.read(body);
    }

    /** The head there; null where there is none, or a damaged one. */
    @Nullable
    Block head(long at) {
        if (at + Block.HEAD > size()) {
            return null;
        }
        Block head = Block.read(bytes.asSlice(at, Block.HEAD).asByteBuffer());
        return head == null || head.length() < 0 || at + Block.HEAD + head.length() > size() ? null : head;
    }

    /** The body of the block there, where it lies; null where it is damaged. */
    @Nullable
    ByteBuffer body(long at, Block head) {
        ByteBuffer body = bytes.asSlice(at + Block.HEAD, head.length()).asByteBuffer();
        return Block.intact(bytes.asSlice(at, Block.HEAD).asByteBuffer(), body) ? body : null;
    }

    /** The string there: a length and so many bytes. */
    ByteBuffer string(long at) {
        int length = bytes.get(WORD, at);
        return bytes.asSlice(at + Integer.BYTES, length).asByteBuffer();
    }

    /** Where the next head is from a place on, or the end. */
    long search(long from) {
        for (long at = from; at + Block.HEAD <= size(); at++) {
            if (bytes.get(WORD, at) == Block.MAGIC && head(at) != null) {
                return at;
            }
        }
        return size();
    }

    @Override
    public void close() {
        arena.close();
    }
}
