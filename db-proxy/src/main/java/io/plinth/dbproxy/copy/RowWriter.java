package io.plinth.dbproxy.copy;

import io.plinth.dbproxy.merge.Rows;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import io.plinth.dbproxy.wire.SqlException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of a query as PostgreSQL's COPY TO does (commands/copyto.c), for rows that are merged here. Made for one
 * COPY; owned by the session's event loop. Text is UTF-8.
 */
public final class RowWriter {
    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};
    private static final int BINARY_HEADER = 19;
    private static final byte[] NO_ROW = {'\\', '.'};

    private final ShardedCopy copy;
    private final byte[] none;
    private boolean[] quoted = {};

    public RowWriter(ShardedCopy copy) {
        this.copy = copy;
        this.none = copy.none().getBytes(StandardCharsets.UTF_8);
    }

    public boolean binary() {
        return copy.format() == Format.BINARY;
    }

    /** The body of CopyOutResponse; {@code columns} are the names of all. */
    public byte[] response(List<String> columns) throws SqlException {
        quoted = new boolean[columns.size()];
        for (String name : copy.quoted()) {
            if (name.equals("*")) {
                Arrays.fill(quoted, true);
            } else if (columns.contains(name)) {
                quoted[columns.indexOf(name)] = true;
            } else {
                throw new SqlException("42703", "column \"" + name + "\" does not exist");
            }
        }
        short format = (short) (binary() ? 1 : 0);
        ByteBuffer body = ByteBuffer.allocate(3 + 2 * columns.size()).put((byte) format);
        body.putShort((short) columns.size());
        columns.forEach(name -> body.putShort(format));
        return body.array();
    }

    /** What comes before all rows, or null for nothing. */
    public byte @Nullable [] head(List<String> columns) {
        if (binary()) {
            return Arrays.copyOf(SIGNATURE, BINARY_HEADER);
        }
        return copy.header()
                ? line(
                        columns.stream()
                                .<byte @Nullable []>map(name -> name.getBytes(StandardCharsets.UTF_8))
                                .toList(),
                        new boolean[columns.size()])
                : null;
    }

    /** The body of a DataRow as the body of a CopyData; in binary format they are the same. */
    public byte[] row(byte[] row) {
        return binary() ? row : line(Rows.cells(row), quoted);
    }

    /** What comes behind all rows, or null for nothing. */
    public byte @Nullable [] tail() {
        return binary() ? new byte[] {(byte) 0xff, (byte) 0xff} : null;
    }

    private byte[] line(List<byte @Nullable []> cells, boolean[] always) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < cells.size(); i++) {
            if (i > 0) {
                out.write(copy.delimiter());
            }
            byte[] cell = cells.get(i);
            if (cell == null) {
                out.writeBytes(none);
            } else if (copy.format() == Format.CSV) {
                csv(cell, always[i], cells.size() == 1, out);
            } else {
                text(cell, out);
            }
        }
        out.write('\n');
        return out.toByteArray();
    }

    private void text(byte[] cell, ByteArrayOutputStream out) {
        for (byte b : cell) {
            int letter = switch (b) {
                case '\b' -> 'b';
                case '\f' -> 'f';
                case '\n' -> 'n';
                case '\r' -> 'r';
                case '\t' -> 't';
                case 0x0b -> 'v';
                default -> b == '\\' || b == copy.delimiter() ? b : 0;
            };
            if (letter != 0) {
                out.write('\\');
            }
            out.write(letter != 0 ? letter : b);
        }
    }

    private void csv(byte[] cell, boolean always, boolean alone, ByteArrayOutputStream out) {
        boolean quotes = always || Arrays.equals(cell, none) || (alone && Arrays.equals(cell, NO_ROW));
        for (int i = 0; i < cell.length && !quotes; i++) {
            quotes = cell[i] == copy.delimiter() || cell[i] == copy.quote() || cell[i] == '\n' || cell[i] == '\r';
        }
        if (!quotes) {
            out.writeBytes(cell);
            return;
        }
        out.write(copy.quote());
        for (byte b : cell) {
            if (b == copy.quote() || b == copy.escape()) {
                out.write(copy.escape());
            }
            out.write(b);
        }
        out.write(copy.quote());
    }
}
