package io.plinth.kvcache.memcached;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Owned by one connection: replies in one buffer that is flushed once per read. */
final class Replies {
    static final String ERROR = "ERROR";
    static final String BAD_LINE = "CLIENT_ERROR bad command line format";

    private final ByteBufAllocator allocator;
    private @Nullable ByteBuf out;

    Replies(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    private ByteBuf buffer() {
        ByteBuf buffer = out;
        if (buffer == null) {
            buffer = allocator.ioBuffer();
            out = buffer;
        }
        return buffer;
    }

    int size() {
        ByteBuf buffer = out;
        return buffer == null ? 0 : buffer.readableBytes();
    }

    @Nullable
    ByteBuf take() {
        ByteBuf buffer = out;
        out = null;
        return buffer;
    }

    void rewind(int size) {
        ByteBuf buffer = out;
        if (buffer != null) {
            buffer.writerIndex(buffer.readerIndex() + size);
        }
    }

    void line(String text) {
        buffer().writeBytes(text.getBytes(StandardCharsets.ISO_8859_1))
                .writeByte('\r')
                .writeByte('\n');
    }

    void block(byte[] bytes) {
        buffer().writeBytes(bytes).writeByte('\r').writeByte('\n');
    }
}
