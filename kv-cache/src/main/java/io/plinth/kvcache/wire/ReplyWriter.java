package io.plinth.kvcache.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop: replies, in the connection's protocol, into one buffer that is flushed once per read. */
public final class ReplyWriter {
    private static final long OK = word("+OK\r\n");
    private static final byte[] QUEUED = ascii("+QUEUED\r\n");
    private static final long PONG = word("+PONG\r\n");
    private static final long NULL_BULK = word("$-1\r\n");
    private static final long NULL_ARRAY = word("*-1\r\n");
    private static final long NULL = word("_\r\n");
    private static final long TRUE = word("#t\r\n");
    private static final long FALSE = word("#f\r\n");
    private static final byte[] VERBATIM = ascii("txt:");
    private static final int CRLF = '\r' << 8 | '\n';
    private static final int CACHED = 512;
    private static final long[] INTEGERS = headers(':');
    private static final long[] BULKS = headers('$');
    private static final long[] ARRAYS = headers('*');
    private static final int DIGITS = 24;
    private static final int FIRST_SIZE = 512;
    private static final int MOST_FIRST_SIZE = 16 * 1024;
    /** More values are copied. */
    private static final int MOST_INSERTIONS = 4096;

    private final ByteBufAllocator allocator;
    private final @Nullable ReplyBuffers kept;
    private final IntSupplier limit;
    private final byte[] digits = new byte[DIGITS];
    private @Nullable ByteBuf out;
    /** What was written to the last buffer: the next is as large, so that it need not grow. */
    private int lastSize;

    private int protocol = 2;
    private @Nullable String lastError;
    /** Values that stand between the bytes written, in order; null where they are copied. */
    private @Nullable ArrayDeque<Insertion> insertions;

    /**
     * A value that is sent from where it lies.
     *
     * @param at behind so many of the bytes written
     * @param value to be released by who takes it
     */
    public record Insertion(int at, Lasting value) {}

    public ReplyWriter(ByteBufAllocator allocator, int limit) {
        this(allocator, null, () -> limit);
    }

    /** {@code kept}: what it takes buffers from for short replies, where who sends them gives them back; {@code limit}: of bytes written and not taken. */
    public ReplyWriter(ByteBufAllocator allocator, @Nullable ReplyBuffers kept, IntSupplier limit) {
        this.allocator = allocator;
        this.kept = kept;
        this.limit = limit;
    }

    /** Long values are not copied from here on: who takes what was written asks for {@link #insertions}, too. */
    public ReplyWriter insertsValues() {
        insertions = new ArrayDeque<>(0);
        return this;
    }

    /** Whether values stand between the bytes written. */
    public boolean inserts() {
        ArrayDeque<Insertion> values = insertions;
        return values != null && !values.isEmpty();
    }

    /** The values between the bytes that {@link #take} is asked for next, to be released by the caller. */
    public List<Insertion> insertions() {
        ArrayDeque<Insertion> values = insertions;
        if (values == null || values.isEmpty()) {
            return List.of();
        }
        List<Insertion> taken = List.copyOf(values);
        values.clear();
        return taken;
    }

    /** 2 or 3. */
    public int protocol() {
        return protocol;
    }

    /** Speaks RESP2 or RESP3 from here on. */
    public void protocol(int version) {
        protocol = version;
    }

    /** Bytes written and not taken. */
    public int size() {
        ByteBuf buffer = out;
        return buffer == null ? 0 : buffer.readableBytes();
    }

    /** Bytes that the replies may become without more memory; 0 where there are none. From any thread, as it stands. */
    public int capacity() {
        ByteBuf buffer = out;
        return buffer == null ? 0 : buffer.capacity();
    }

    /** Bytes that were taken last. */
    public int peak() {
        return lastSize;
    }

    /** The first word of the error that was written at {@code size}; null where something else was, or nothing. */
    public @Nullable String errorAt(int size) {
        ByteBuf buffer = out;
        if (buffer == null || buffer.readableBytes() <= size || buffer.getByte(buffer.readerIndex() + size) != '-') {
            return null;
        }
        int from = buffer.readerIndex() + size + 1;
        int line = buffer.indexOf(from, buffer.writerIndex(), (byte) '\r');
        int space = buffer.indexOf(from, line, (byte) ' ');
        return space < 0 ? "ERR" : buffer.toString(from, space - from, StandardCharsets.ISO_8859_1);
    }

    /** The last error since this was asked before, also one within a transaction's replies; null for none. */
    public @Nullable String lastError() {
        String text = lastError;
        lastError = null;
        return text;
    }

    /** Forgets what was written after {@code size}. */
    public void rewind(int size) {
        ByteBuf buffer = out;
        if (buffer != null) {
            buffer.writerIndex(buffer.readerIndex() + size);
        }
        ArrayDeque<Insertion> values = insertions;
        while (values != null && !values.isEmpty() && values.getLast().at > size) {
            values.removeLast().value.release();
        }
    }

    /** What was written, to be sent and released by the caller; null for nothing. */
    public @Nullable ByteBuf take() {
        ByteBuf buffer = out;
        out = null;
        if (buffer == null) {
            return null;
        }
        int size = buffer.readableBytes();
        if (size == 0) {
            give(buffer);
            return null;
        }
        lastSize = size;
        return buffer;
    }

    /** Forgets what was written. */
    public void discard() {
        rewind(0);
        ByteBuf unsent = take();
        if (unsent != null) {
            unsent.release();
        }
    }

    /** What was written and is kept here; null for nothing. */
    public @Nullable ByteBuf written() {
        return out;
    }

    private ByteBuf room(int bytes) {
        ByteBuf buffer = out;
        if (buffer == null) {
            buffer = first();
            out = buffer;
        }
        return buffer.writableBytes() < bytes ? larger(buffer, bytes) : buffer;
    }

    private ByteBuf first() {
        ReplyBuffers own = kept;
        return own != null && lastSize <= ReplyBuffers.SIZE
                ? own.take(allocator)
                : allocator.ioBuffer(Math.clamp(Integer.highestOneBit(lastSize) * 2L, FIRST_SIZE, MOST_FIRST_SIZE));
    }

    private ByteBuf larger(ByteBuf buffer, int bytes) {
        int written = buffer.readableBytes();
        if ((long) written + bytes > limit.getAsInt()) {
            throw new OutputLimitException();
        }
        if (buffer.maxWritableBytes() >= bytes) {
            return buffer.ensureWritable(bytes);
        }
        ByteBuf larger = allocator.ioBuffer(Math.max(2 * ReplyBuffers.SIZE, written + bytes));
        larger.writeBytes(buffer);
        give(buffer);
        out = larger;
        return larger;
    }

    private void give(ByteBuf buffer) {
        ReplyBuffers own = kept;
        if (own == null) {
            buffer.release();
        } else {
            own.give(buffer);
        }
    }

    /** Up to eight bytes in one step, for which a copy would cost more than it copies. */
    private void word(long bytes) {
        ByteBuf buffer = room(Long.BYTES);
        int at = buffer.writerIndex();
        buffer.setLongLE(at, bytes);
        buffer.writerIndex(at + Long.BYTES - (Long.numberOfLeadingZeros(bytes) >> 3));
    }

    private static long word(String text) {
        long word = 0;
        for (int i = 0; i < text.length(); i++) {
            word |= (long) text.charAt(i) << (i * Byte.SIZE);
        }
        return word;
    }

    /** Bytes that are a reply, or part of one, already. */
    public void raw(byte[] bytes) {
        room(bytes.length).writeBytes(bytes);
    }

    public void ok() {
        word(OK);
    }

    public void queued() {
        raw(QUEUED);
    }

    public void pong() {
        word(PONG);
    }

    /** A status. */
    public void simple(String text) {
        line('+', text);
    }

    /** An error, its code included: {@code ERR syntax error}. */
    public void error(String text) {
        lastError = text;
        line('-', text);
    }

    private void line(char type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuf buffer = room(bytes.length + 3);
        buffer.writeByte(type);
        buffer.writeBytes(bytes);
        buffer.writeShort(CRLF);
    }

    public void integer(long value) {
        header(':', INTEGERS, value);
    }

    private void header(char type, long[] cached, long value) {
        if (value >= 0 && value < CACHED) {
            word(cached[(int) value]);
        } else {
            header(type, value);
        }
    }

    private void header(char type, long value) {
        byte[] scratch = digits;
        scratch[DIGITS - 1] = '\n';
        scratch[DIGITS - 2] = '\r';
        int start = Numbers.write(value, scratch, DIGITS - 2);
        scratch[--start] = (byte) type;
        room(DIGITS).writeBytes(scratch, start, DIGITS - start);
    }

    public void bulk(byte[] bytes) {
        bulk(bytes, 0, bytes.length);
    }

    public void bulk(byte[] bytes, int offset, int length) {
        header('$', BULKS, length);
        ByteBuf buffer = room(length + 2);
        buffer.writeBytes(bytes, offset, length);
        buffer.writeShort(CRLF);
    }

    /** Bytes from where they lie. */
    public void bulk(Bulk bytes) {
        int length = bytes.length();
        header('$', BULKS, length);
        if (length >= LongArguments.LONG && inserted(bytes, length)) {
            return;
        }
        ByteBuf buffer = room(length + 2);
        bytes.writeTo(buffer);
        buffer.writeShort(CRLF);
    }

    private boolean inserted(Bulk bytes, int length) {
        ArrayDeque<Insertion> values = insertions;
        Lasting lasting = values != null && values.size() < MOST_INSERTIONS ? bytes.lasting() : null;
        if (values != null && lasting != null) {
            values.add(new Insertion(size(), lasting));
            room(2).writeShort(CRLF);
            return true;
        }
        // Before a buffer is asked for: no more may fit an integer.
        if ((long) size() + length + 2 > limit.getAsInt()) {
            throw new OutputLimitException();
        }
        return false;
    }

    /** Begins a bulk: the caller writes so many bytes at once, for which there is room, and then {@link #endBulk}. */
    public ByteBuf beginBulk(int length) {
        header('$', BULKS, length);
        return room(length + 2);
    }

    /** Ends a bulk. */
    public void endBulk() {
        room(2).writeShort(CRLF);
    }

    /** Text as a bulk, byte for character. */
    public void bulk(String text) {
        bulk(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** A number's digits as a bulk. */
    public void bulkLong(long value) {
        bulk(Numbers.bytes(value));
    }

    /** The bulk, or a null where there is none. */
    public void bulkOrNull(byte @Nullable [] bytes) {
        if (bytes == null) {
            nullBulk();
        } else {
            bulk(bytes);
        }
    }

    /** The bulk, or a null where there is none. */
    public void bulkOrNull(@Nullable Bulk bytes) {
        if (bytes == null) {
            nullBulk();
        } else {
            bulk(bytes);
        }
    }

    public void nullBulk() {
        word(protocol == 3 ? NULL : NULL_BULK);
    }

    public void nullArray() {
        word(protocol == 3 ? NULL : NULL_ARRAY);
    }

    public void array(long count) {
        header('*', ARRAYS, count);
    }

    /** A map of this many pairs; an array of twice as many in RESP2. */
    public void map(int pairs) {
        if (protocol == 3) {
            header('%', pairs);
        } else {
            array(2L * pairs);
        }
    }

    /** A set; an array in RESP2. */
    public void set(int count) {
        if (protocol == 3) {
            header('~', count);
        } else {
            array(count);
        }
    }

    /** A push; an array in RESP2. */
    public void push(int count) {
        if (protocol == 3) {
            header('>', count);
        } else {
            array(count);
        }
    }

    /** A double; a bulk in RESP2. */
    public void number(String text) {
        if (protocol == 3) {
            line(',', text);
        } else {
            bulk(text);
        }
    }

    /** An integer of any length; a bulk in RESP2. */
    public void bigNumber(String digits) {
        if (protocol == 3) {
            line('(', digits);
        } else {
            bulk(digits);
        }
    }

    /** So many pairs about the reply that follows. RESP3 only. */
    public void attributes(int pairs) {
        header('|', pairs);
    }

    /** A truth value; 1 or 0 in RESP2. */
    public void truth(boolean value) {
        if (protocol == 3) {
            word(value ? TRUE : FALSE);
        } else {
            integer(value ? 1 : 0);
        }
    }

    /** Text for people; a bulk in RESP2. */
    public void verbatim(String text) {
        if (protocol == 3) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            header('=', bytes.length + 4L);
            ByteBuf buffer = room(bytes.length + 6);
            buffer.writeBytes(VERBATIM);
            buffer.writeBytes(bytes);
            buffer.writeShort(CRLF);
        } else {
            bulk(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static long[] headers(char type) {
        long[] headers = new long[CACHED];
        for (int i = 0; i < CACHED; i++) {
            headers[i] = word(type + Integer.toString(i) + "\r\n");
        }
        return headers;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
