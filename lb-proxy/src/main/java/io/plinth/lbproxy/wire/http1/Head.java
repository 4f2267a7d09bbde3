package io.plinth.lbproxy.wire.http1;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One message's head: its bytes, and where each field stands in them. Owned by the event loop of the connection that
 * parses into it; reused for the next message after {@link #reset}.
 */
public abstract class Head {
    private static final int INITIAL_BYTES = 2048;
    private static final int KEPT_BYTES = 16 * 1024;
    private static final int INITIAL_FIELDS = 32;
    private static final int STRIDE = 5;
    private static final int NAME = 0;
    private static final int COLON = 1;
    private static final int VALUE = 2;
    private static final int END = 3;
    private static final int ID = 4;

    private byte[] bytes = new byte[INITIAL_BYTES];
    private int length;
    private int[] fields = new int[INITIAL_FIELDS * STRIDE];
    private final int[] first = new int[HeaderName.COUNT];
    private int count;
    private long seen;
    private long repeated;
    private int fieldsStart;
    private int fieldsEnd;

    /** Reads the start line in {@code [from, to)}; null when it is right. */
    abstract @Nullable Rejection startLine(byte[] line, int from, int to);

    /** Forgets the message; a large one's memory is given back. */
    public void reset() {
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[INITIAL_BYTES];
        }
        if (fields.length > INITIAL_FIELDS * STRIDE * 4) {
            fields = new int[INITIAL_FIELDS * STRIDE];
        }
        length = 0;
        count = 0;
        seen = 0;
        repeated = 0;
        fieldsStart = 0;
        fieldsEnd = 0;
    }

    /** Copies up to {@code count} bytes from {@code in}, whose reader index stays. */
    final void append(ByteBuf in, int count) {
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
        in.getBytes(in.readerIndex(), bytes, length, count);
        length += count;
    }

    /** Appends bytes of a head that did not come as HTTP/1.1. */
    public final void append(byte[] from, int at, int count) {
        room(count);
        System.arraycopy(from, at, bytes, length, count);
        length += count;
    }

    private void room(int count) {
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
    }

    /** Appends a field's line; name and value are right already. */
    public final void field(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        int nameAt = length;
        int hash = 0;
        for (int i = nameFrom; i < nameTo; i++) {
            hash = HeaderName.hash(hash, Octets.lower(name[i]));
        }
        room(nameTo - nameFrom + valueTo - valueFrom + 4);
        append(name, nameFrom, nameTo - nameFrom);
        int colon = length;
        bytes[length++] = ':';
        bytes[length++] = Octets.SPACE;
        int valueAt = length;
        append(value, valueFrom, valueTo - valueFrom);
        add(nameAt, colon, valueAt, length, hash);
        endOfLine();
        fieldsEnd = length;
    }

    final void endOfLine() {
        room(2);
        bytes[length++] = Octets.CR;
        bytes[length++] = Octets.LF;
    }

    /** Fields begin after what was appended. */
    public final void beginFields() {
        fieldsStart = length;
        fieldsEnd = length;
    }

    final void truncate(int to) {
        length = to;
    }

    final void fieldsStart(int at) {
        fieldsStart = at;
    }

    final void fieldsEnd(int at) {
        fieldsEnd = at;
    }

    final void add(int name, int colon, int value, int end, int hash) {
        int at = count * STRIDE;
        if (at == fields.length) {
            fields = Arrays.copyOf(fields, at * 2);
        }
        int id = HeaderName.find(bytes, name, colon, hash);
        fields[at + NAME] = name;
        fields[at + COLON] = colon;
        fields[at + VALUE] = value;
        fields[at + END] = end;
        fields[at + ID] = id;
        long bit = HeaderName.bit(id);
        if ((seen & bit) == 0) {
            seen |= bit;
            first[id] = count;
        } else {
            repeated |= bit;
        }
        count++;
    }

    /** The bytes the offsets point into. */
    public final byte[] bytes() {
        return bytes;
    }

    /** Bytes held. */
    public final int length() {
        return length;
    }

    /** Number of fields. */
    public final int count() {
        return count;
    }

    /** A bit for each {@link HeaderName} that occurs. */
    public final long seen() {
        return seen;
    }

    public final boolean has(int id) {
        return (seen & HeaderName.bit(id)) != 0;
    }

    /** Whether a name occurs more than once. */
    public final boolean repeats(int id) {
        return (repeated & HeaderName.bit(id)) != 0;
    }

    /** The first field of a name that {@link #has}. */
    public final int first(int id) {
        return first[id];
    }

    /** Where a field's line begins. */
    public final int nameStart(int field) {
        return fields[field * STRIDE + NAME];
    }

    public final int nameEnd(int field) {
        return fields[field * STRIDE + COLON];
    }

    /** Where a field's value begins, after white space. */
    public final int valueStart(int field) {
        return fields[field * STRIDE + VALUE];
    }

    /** Where a field's value ends, before white space. */
    public final int valueEnd(int field) {
        return fields[field * STRIDE + END];
    }

    /** Where the next line begins. */
    public final int lineEnd(int field) {
        return field + 1 < count ? nameStart(field + 1) : fieldsEnd;
    }

    public final int id(int field) {
        return fields[field * STRIDE + ID];
    }

    /** Marks a field as one that goes no further; as all fields of its name are, the name counts as absent. */
    final void namedByConnection(int field) {
        int id = id(field);
        if (id != HeaderName.OTHER) {
            seen &= ~HeaderName.bit(id);
            repeated &= ~HeaderName.bit(id);
        }
        fields[field * STRIDE + ID] = HeaderName.NAMED_BY_CONNECTION;
        seen |= HeaderName.bit(HeaderName.NAMED_BY_CONNECTION);
    }

    /** Where the first field's line begins. */
    public final int fieldsStart() {
        return fieldsStart;
    }

    /** Where the empty line begins. */
    public final int fieldsEnd() {
        return fieldsEnd;
    }

    public final boolean valueIs(int field, byte[] lowerCase) {
        return Octets.equalsIgnoreCase(bytes, valueStart(field), valueEnd(field), lowerCase);
    }

    /** Writes another value of the same length over a field's. */
    final void value(int field, byte[] text) {
        System.arraycopy(text, 0, bytes, valueStart(field), text.length);
    }

    /** A value as text; for logs, error pages and tests. */
    public final String value(int field) {
        return text(valueStart(field), valueEnd(field));
    }

    public final String name(int field) {
        return text(nameStart(field), nameEnd(field));
    }

    /** A part of the head as text, a character per byte. */
    public final String text(int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }

    /** Copies every line whose name's bit is not in {@code dropped}, in as few pieces as there are gaps. */
    public final void copyFields(ByteBuf out, long dropped) {
        int run = fieldsStart;
        if ((seen & dropped) != 0) {
            for (int field = 0; field < count; field++) {
                if ((HeaderName.bit(id(field)) & dropped) != 0) {
                    int start = nameStart(field);
                    out.writeBytes(bytes, run, start - run);
                    run = lineEnd(field);
                }
            }
        }
        out.writeBytes(bytes, run, fieldsEnd - run);
    }
}
