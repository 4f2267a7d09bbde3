package io.plinth.dbproxy.merge;

import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bodies of DataRow and RowDescription messages. Stateless; callers bound them by their frames. */
public final class Rows {
    private static final int FIELD_TAIL = 18;

    private Rows() {}

    /**
     * A column.
     *
     * @param type the type's object identifier
     * @param binary whether its values come in binary form
     */
    public record Field(int type, boolean binary) {}

    /** The columns that a RowDescription tells of. */
    public static List<Field> fields(byte[] description) {
        ByteBuffer in = ByteBuffer.wrap(description);
        int count = Short.toUnsignedInt(in.getShort());
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            while (in.get() != 0) {}
            int tail = in.position();
            fields.add(new Field(in.getInt(tail + 6), in.getShort(tail + 16) == 1));
            in.position(tail + FIELD_TAIL);
        }
        return fields;
    }

    /** The names of the columns that a RowDescription tells of. */
    public static List<String> names(byte[] description) {
        ByteBuffer in = ByteBuffer.wrap(description);
        int count = Short.toUnsignedInt(in.getShort());
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int start = in.position();
            while (in.get() != 0) {}
            names.add(new String(description, start, in.position() - 1 - start, StandardCharsets.UTF_8));
            in.position(in.position() + FIELD_TAIL);
        }
        return names;
    }

    /** The description without its last {@code hidden} columns. */
    public static byte[] describe(byte[] description, int hidden) {
        ByteBuffer in = ByteBuffer.wrap(description);
        int count = Short.toUnsignedInt(in.getShort()) - hidden;
        for (int i = 0; i < count; i++) {
            while (in.get() != 0) {}
            in.position(in.position() + FIELD_TAIL);
        }
        return cut(description, count, in.position());
    }

    /** A row without its last {@code hidden} columns. */
    public static byte[] shorten(byte[] row, int hidden) {
        if (hidden == 0) {
            return row;
        }
        ByteBuffer in = ByteBuffer.wrap(row);
        int count = Short.toUnsignedInt(in.getShort()) - hidden;
        for (int i = 0; i < count; i++) {
            int length = in.getInt();
            in.position(in.position() + Math.max(0, length));
        }
        return cut(row, count, in.position());
    }

    private static byte[] cut(byte[] body, int count, int length) {
        byte[] shorter = java.util.Arrays.copyOf(body, length);
        ByteBuffer.wrap(shorter).putShort((short) count);
        return shorter;
    }

    /** Bind's formats, values and result formats from {@code tail} on, with text for {@code hidden} more columns. */
    public static byte[] formats(byte[] bind, int tail, int hidden) throws SqlException {
        ByteBuffer in = ByteBuffer.wrap(bind, tail, bind.length - tail).slice();
        try {
            in.position(2 + 2 * Short.toUnsignedInt(in.getShort()));
            int values = Short.toUnsignedInt(in.getShort());
            for (int i = 0; i < values; i++) {
                int length = in.getInt();
                in.position(in.position() + Math.max(0, length));
            }
            int at = in.position();
            int formats = Short.toUnsignedInt(in.getShort());
            boolean each = formats > 1 && hidden > 0;
            ByteBuffer out =
                    ByteBuffer.allocate(in.capacity() + (each ? 2 * hidden : 0)).put(in.rewind());
            if (each) {
                out.putShort(at, (short) (formats + hidden));
            }
            return out.array();
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "message B: too short for its fields");
        }
    }

    /** A row's values; null for NULL. */
    public static List<byte @Nullable []> cells(byte[] row) {
        ByteBuffer in = ByteBuffer.wrap(row);
        int count = Short.toUnsignedInt(in.getShort());
        List<byte @Nullable []> cells = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = in.getInt();
            if (length < 0) {
                cells.add(null);
            } else {
                if (length > in.remaining()) {
                    throw new BufferUnderflowException();
                }
                byte[] value = new byte[length];
                in.get(value);
                cells.add(value);
            }
        }
        return cells;
    }

    static byte[] row(List<byte @Nullable []> cells) {
        int length = 2;
        for (byte @Nullable [] cell : cells) {
            length += 4 + (cell == null ? 0 : cell.length);
        }
        ByteBuffer out = ByteBuffer.allocate(length).putShort((short) cells.size());
        for (byte @Nullable [] cell : cells) {
            if (cell == null) {
                out.putInt(-1);
            } else {
                out.putInt(cell.length).put(cell);
            }
        }
        return out.array();
    }
}
