package io.plinth.kvcache.memcached;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.kvcache.wire.Bulk;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.OutputLimitException;
import io.plinth.kvcache.wire.ReplyBuffers;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Owned by one connection: replies in one buffer that is flushed once per read. */
final class Replies {
    static final String ERROR = "ERROR";
    static final String BAD_LINE = "CLIENT_ERROR bad command line format";

    /** What is as long is sent before more is collected. */
    static final int CHUNK = 64 * 1024;

    static final String NO_MEMORY = "SERVER_ERROR out of memory reading request";
    static final String TOO_LARGE = "SERVER_ERROR object too large for cache";
    private static final byte[] END = "END\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] VALUE = "VALUE ".getBytes(StandardCharsets.ISO_8859_1);
    private static final int CRLF = '\r' << 8 | '\n';
    private static final int MOST_FIRST = 16 * 1024;
    /** Two numbers of ten digits, each behind a space, and a line's end. */
    private static final int MOST_NUMBERS = 24;

    private final ByteBufAllocator allocator;
    private final @Nullable ReplyBuffers kept;
    private final long limit;
    private final byte[] digits = new byte[MOST_NUMBERS];
    private @Nullable ByteBuf out;
    /** Bytes that were taken last. */
    private int lastSize;

    /**
     * {@code kept}: what short replies are written to, where who sends them gives them back; {@code limit}: bytes not yet handed over;
     * over that the client is cut.
     */
    Replies(ByteBufAllocator allocator, @Nullable ReplyBuffers kept, long limit) {
        this.allocator = allocator;
        this.kept = kept;
        this.limit = limit;
    }

    /** Where so many bytes may be added. */
    private ByteBuf room(int bytes) {
        ByteBuf buffer = out;
        if (buffer == null) {
            ReplyBuffers own = kept;
            buffer = own == null || Math.max(bytes, lastSize) > ReplyBuffers.SIZE
                    ? allocator.ioBuffer(Math.max(bytes, Math.min(lastSize, MOST_FIRST)))
                    : own.take(allocator);
            out = buffer;
        }
        if (buffer.writableBytes() >= bytes) {
            return buffer;
        }
        return buffer.maxWritableBytes() >= bytes ? buffer.ensureWritable(bytes) : larger(buffer, bytes);
    }

    private ByteBuf larger(ByteBuf buffer, int bytes) {
        ByteBuf larger = allocator.ioBuffer(Math.max(2 * ReplyBuffers.SIZE, buffer.readableBytes() + bytes));
        larger.writeBytes(buffer);
        if (kept == null) {
            buffer.release();
        } else {
            kept.give(buffer);
        }
        out = larger;
        return larger;
    }

    int size() {
        ByteBuf buffer = out;
        return buffer == null ? 0 : buffer.readableBytes();
    }

    @Nullable
    ByteBuf take() {
        ByteBuf buffer = out;
        out = null;
        lastSize = buffer == null ? lastSize : buffer.readableBytes();
        return buffer;
    }

    /** What was not taken is of no use. */
    void release() {
        ByteBuf buffer = take();
        if (buffer != null) {
            buffer.release();
        }
    }

    void rewind(int size) {
        ByteBuf buffer = out;
        if (buffer != null) {
            buffer.writerIndex(buffer.readerIndex() + size);
        }
    }

    /** Makes sure that so many bytes and a line's end may be added. */
    private void reserve(long bytes) {
        if (size() + bytes + 2 > limit) {
            throw new OutputLimitException();
        }
    }

    void line(String text) {
        reserve(text.length());
        room(text.length() + 2)
                .writeBytes(text.getBytes(StandardCharsets.ISO_8859_1))
                .writeShort(CRLF);
    }

    /** What stands behind all values that were asked for. */
    void end() {
        reserve(END.length);
        room(END.length).writeBytes(END);
    }

    /** {@code VALUE key flags bytes} and the value, from where it lies. */
    void value(byte[] line, int keyAt, int keyLength, int flags, Bulk bytes) {
        int length = bytes.length();
        reserve(VALUE.length + keyLength + (long) MOST_NUMBERS + length);
        ByteBuf to = room(VALUE.length + keyLength + MOST_NUMBERS + length + 2);
        to.writeBytes(VALUE).writeBytes(line, keyAt, keyLength);
        number(to, Integer.toUnsignedLong(flags));
        number(to, length);
        to.writeShort(CRLF);
        bytes.writeTo(to);
        to.writeShort(CRLF);
    }

    private void number(ByteBuf to, long number) {
        int start = Numbers.write(number, digits, digits.length);
        digits[--start] = ' ';
        to.writeBytes(digits, start, digits.length - start);
    }

    /** A value, from where it lies. */
    void block(Bulk bytes) {
        int length = bytes.length();
        reserve(length);
        ByteBuf to = room(length + 2);
        bytes.writeTo(to);
        to.writeShort(CRLF);
    }
}
