package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Reads the excerpts of one Chronicle Queue cycle file without Chronicle: a damaged file must neither hang nor crash who looks at it,
 * a tailer holds maps and descriptors, and any thread may read here. The format: a little-endian word before each document, bit 31 set
 * while it is written, bit 30 set for Chronicle's own (index, header), the length in the rest; documents begin at multiples of four.
 */
final class ExcerptFile implements AutoCloseable {
    private static final int INCOMPLETE = 0x8000_0000;
    private static final int META = 0x4000_0000;
    private static final int LENGTH = 0x3FFF_FFFF;

    private final FileChannel channel;

    ExcerptFile(Path file) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    FileChannel channel() {
        return channel;
    }

    /** Where the first document begins. */
    static long start() {
        return 0;
    }

    /** Where the document behind the excerpt at {@code offset} with {@code length} octets begins. */
    static long behind(long offset, int length) {
        return offset + length + 3 & ~3L;
    }

    /**
     * A document.
     *
     * @param offset where its content begins
     */
    record Document(long offset, int length, boolean data) {}

    /** The document whose word stands at {@code at}, or null at the end of what was completely written. */
    @Nullable
    Document document(long at) throws IOException {
        ByteBuffer word = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        if (!fill(word, at)) {
            return null;
        }
        int header = word.getInt(0);
        int length = header & LENGTH;
        if (header == 0 || (header & INCOMPLETE) != 0 || at + 4 + length > channel.size()) {
            return null;
        }
        return new Document(at + 4, length, (header & META) == 0);
    }

    /** Where what was written ends. */
    long end() throws IOException {
        long at = start();
        for (Document next = document(at); next != null; next = document(at)) {
            at = behind(next.offset(), next.length());
        }
        return at;
    }

    /** The content of a document, or null when the file ends before it. */
    @Nullable
    ByteBuffer content(Document document) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(document.length());
        return fill(content, document.offset()) ? content.flip() : null;
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
    public void close() throws IOException {
        channel.close();
    }
}
