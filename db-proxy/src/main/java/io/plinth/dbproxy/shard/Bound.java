package io.plinth.dbproxy.shard;

import java.math.BigDecimal;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a Bind message, read only where a key is among them.
 *
 * @param body formats, values and result formats as on the wire
 * @param offset where they begin
 * @param types declared parameter types; may be fewer than there are parameters
 */
public record Bound(byte[] body, int offset, int[] types) {
    /** What is told of no type, text, bpchar, varchar, unknown: in binary form as in text form. */
    private static final Set<Integer> TEXTS = Set.of(0, 25, 1042, 1043, 705);

    /** A parameter as it came. */
    private record Given(byte[] value, int type, boolean binary) {}

    /** Parameter {@code index} as a value of {@code type}; null when it is NULL or not surely of that type. */
    @Nullable
    public Object value(int index, KeyType type) {
        Given given = given(index);
        return given == null ? null : type.value(given.value, given.type, given.binary);
    }

    /** The elements of the array that parameter {@code index} is, NULLs left out; null when they are not surely of that type. */
    @Nullable
    public List<Object> elements(int index, KeyType type) {
        Given given = given(index);
        if (given == null) {
            return null;
        }
        if (given.binary) {
            return binaryElements(given.value, type);
        }
        int element = KeyType.elementType(given.type);
        if (element == 0 && given.type != 0) {
            return null;
        }
        List<@Nullable String> texts = ArrayText.elements(new String(given.value, StandardCharsets.UTF_8));
        if (texts == null) {
            return null;
        }
        List<Object> values = new ArrayList<>();
        for (String text : texts) {
            Object value = text == null ? null : type.value(text.getBytes(StandardCharsets.UTF_8), element, false);
            if (text != null && value == null) {
                return null;
            }
            if (value != null) {
                values.add(value);
            }
        }
        return values;
    }

    /** One dimension at most, as array_send writes it (utils/adt/arrayfuncs.c). */
    private static @Nullable List<Object> binaryElements(byte[] array, KeyType type) {
        try {
            ByteBuffer in = ByteBuffer.wrap(array);
            int dimensions = in.getInt();
            in.getInt();
            int element = in.getInt();
            List<Object> values = new ArrayList<>();
            if (dimensions == 0) {
                return values;
            }
            int count = in.getInt();
            in.getInt();
            if (dimensions != 1) {
                return null;
            }
            for (int i = 0; i < count; i++) {
                int length = in.getInt();
                if (length > in.remaining()) {
                    return null;
                }
                if (length >= 0) {
                    byte[] each = new byte[length];
                    in.get(each);
                    Object value = type.value(each, element, true);
                    if (value == null) {
                        return null;
                    }
                    values.add(value);
                }
            }
            return values;
        } catch (BufferUnderflowException e) {
            return null;
        }
    }

    /** How many values there are. */
    public int count() {
        ByteBuffer in = ByteBuffer.wrap(body, offset, body.length - offset);
        try {
            in.position(in.position() + 2 + 2 * Short.toUnsignedInt(in.getShort(in.position())));
            return Short.toUnsignedInt(in.getShort());
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return 0;
        }
    }

    /** The values that are texts, or are written as such. */
    public List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count(); i++) {
            Given given = given(i);
            if (given != null && (!given.binary || TEXTS.contains(given.type))) {
                texts.add(new String(given.value, StandardCharsets.UTF_8));
            }
        }
        return texts;
    }

    /** A parameter that is a whole number, as of LIMIT; null for anything else, {@code -1} for NULL. */
    public @Nullable Long number(int index) {
        Given given = given(index);
        if (given == null) {
            return -1L;
        }
        Object value = KeyType.BIGINT.value(given.value, given.type, given.binary);
        return value instanceof Long number && number >= 0 ? number : null;
    }

    /** A parameter that is a number; null for anything else, and for NULL. */
    public @Nullable BigDecimal decimal(int index) {
        Given given = given(index);
        return given != null
                        && KeyType.NUMERIC.value(given.value, given.type, given.binary) instanceof BigDecimal number
                ? number
                : null;
    }

    private @Nullable Given given(int index) {
        ByteBuffer in = ByteBuffer.wrap(body, offset, body.length - offset);
        try {
            int formats = Short.toUnsignedInt(in.getShort());
            int formatsAt = in.position();
            in.position(formatsAt + 2 * formats);
            int count = Short.toUnsignedInt(in.getShort());
            if (index >= count) {
                return null;
            }
            for (int i = 0; i < index; i++) {
                int length = in.getInt();
                in.position(in.position() + Math.max(0, length));
            }
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                return null;
            }
            byte[] value = new byte[length];
            in.get(value);
            boolean binary = formats > 0 && in.getShort(formatsAt + 2 * (formats == 1 ? 0 : index)) == 1;
            return new Given(value, index < types.length ? types[index] : 0, binary);
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return null;
        }
    }

    /** The same Bind with these parameters only, in this order, from formats on. */
    public byte[] only(List<Integer> wanted) {
        ByteBuffer in = ByteBuffer.wrap(body, offset, body.length - offset);
        int formats = Short.toUnsignedInt(in.getShort());
        short[] codes = new short[formats];
        for (int i = 0; i < formats; i++) {
            codes[i] = in.getShort();
        }
        int count = Short.toUnsignedInt(in.getShort());
        int[] starts = new int[count];
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            lengths[i] = in.getInt();
            starts[i] = in.position();
            in.position(in.position() + Math.max(0, lengths[i]));
        }
        int tail = in.position();
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        boolean each = formats > 1;
        writeShort(out, each ? wanted.size() : formats);
        if (each) {
            wanted.forEach(i -> writeShort(out, codes[i]));
        } else if (formats == 1) {
            writeShort(out, codes[0]);
        }
        writeShort(out, wanted.size());
        for (int i : wanted) {
            out.writeBytes(ByteBuffer.allocate(4).putInt(lengths[i]).array());
            out.write(body, starts[i], Math.max(0, lengths[i]));
        }
        out.write(body, tail, body.length - tail);
        return out.toByteArray();
    }

    private static void writeShort(java.io.ByteArrayOutputStream out, int value) {
        out.write(value >> 8);
        out.write(value);
    }
}
