package io.plinth.dbproxy.copy;

import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts copied data into rows as PostgreSQL's COPY does (commands/copyfromparse.c) and reads the key of each. Owned by one
 * event loop; used for one COPY. Bytes outside ASCII are taken to be UTF-8.
 */
final class RowSplitter {
    /** {@code PGCOPY\n\377\r\n\0}, flags, length of the extension. */
    private static final int BINARY_HEADER = 19;

    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};

    /** Takes rows. */
    interface Taker {
        /** A row from {@code from} to {@code to}, its end included; {@code key} null for what every shard is sent. */
        void row(byte[] bytes, int from, int to, @Nullable List<Object> key) throws SqlException;
    }

    private final ShardedCopy copy;
    private final ShardedTable table;
    private final int[] places;
    private final int longest;
    private final FieldReader fields;
    private byte[] buffer = new byte[8192];
    private int start;
    private int scanned;
    private int filled;
    private boolean quoted;
    private boolean escaped;
    private boolean returns;
    private boolean begun;
    private boolean ended;
    private long line;

    /**
     * A splitter.
     *
     * @param columns the columns of each row
     * @param longest bytes of a row at most
     */
    RowSplitter(ShardedCopy copy, List<String> columns, int longest) throws SqlException {
        this.copy = copy;
        this.table = copy.table();
        this.longest = longest;
        this.places = new int[table.columns().size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = columns.indexOf(table.columns().get(i).name());
            if (places[i] < 0) {
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "COPY of sharded table " + table.name() + " must give " + table.key(),
                        "Name it among the columns."));
            }
        }
        this.fields = new FieldReader(copy, Arrays.stream(places).max().orElse(-1));
    }

    void feed(ByteBuffer bytes, Taker taker) throws SqlException {
        if (ended) {
            return;
        }
        int more = bytes.remaining();
        if (filled + more > buffer.length) {
            System.arraycopy(buffer, start, buffer, 0, filled - start);
            filled -= start;
            scanned -= start;
            start = 0;
            if (filled + more > buffer.length) {
                buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, filled + more));
            }
        }
        bytes.get(buffer, filled, more);
        filled += more;
        if (copy.format() == Format.BINARY) {
            binary(taker);
        } else {
            lines(taker);
        }
        if (filled - start > longest) {
            throw at(SqlError.LIMIT_EXCEEDED, "row: more than " + longest + " bytes (expected: fewer, max-message)");
        }
    }

    /** What is left is the last row, whose end may be missing. */
    void finish(Taker taker) throws SqlException {
        if (copy.format() == Format.BINARY) {
            if (!ended && (filled > start || !begun)) {
                throw at("22P04", "unexpected EOF in COPY data");
            }
            return;
        }
        if (quoted) {
            throw at("22P04", "unterminated CSV quoted field");
        }
        if (!ended && filled > start) {
            row(filled, filled, taker);
        }
    }

    private void lines(Taker taker) throws SqlException {
        boolean csv = copy.format() == Format.CSV;
        byte escape = copy.escape() == copy.quote() ? 0 : copy.escape();
        while (scanned < filled && !ended) {
            byte b = buffer[scanned];
            if (csv) {
                if (quoted && escape != 0 && b == escape) {
                    escaped = !escaped;
                }
                if (b == copy.quote() && !escaped) {
                    quoted = !quoted;
                }
                if (escape == 0 || b != escape) {
                    escaped = false;
                }
            } else if (escaped) {
                escaped = false;
                scanned++;
                continue;
            } else if (b == '\\') {
                escaped = true;
            }
            if (b == '\r' && !quoted && line == 0 && !returns) {
                if (scanned + 1 == filled) {
                    return;
                }
                returns = buffer[scanned + 1] != '\n';
            }
            scanned++;
            if (!quoted && (b == '\n' || (returns && b == '\r'))) {
                int end = scanned - 1;
                row(end > start && buffer[end - 1] == '\r' && b == '\n' ? end - 1 : end, scanned, taker);
            }
        }
    }

    /** A row whose content ends at {@code end}, and whose line at {@code next}. */
    private void row(int end, int next, Taker taker) throws SqlException {
        line++;
        int from = start;
        start = next;
        if (copy.format() == Format.TEXT && end - from == 2 && buffer[from] == '\\' && buffer[from + 1] == '.') {
            ended = true;
            return;
        }
        taker.row(buffer, from, next, line == 1 && copy.header() ? null : key(from, end));
    }

    private @Nullable List<Object> key(int from, int end) throws SqlException {
        if (places.length == 0) {
            return null;
        }
        fields.read(buffer, from, end);
        List<Object> key = new ArrayList<>(places.length);
        for (int i = 0; i < places.length; i++) {
            String text = fields.text(places[i]);
            ShardedTable.Column column = table.columns().get(i);
            Object value = text == null ? null : column.type().value(text);
            if (value == null) {
                throw noKey(column, text);
            }
            demandWhole(column, value);
            key.add(value);
        }
        return key;
    }

    private SqlException noKey(ShardedTable.Column column, @Nullable String text) {
        String what = text == null ? "is missing or null" : "'" + text + "' is not surely one of its type";
        return at(SqlError.NOT_SUPPORTED, "sharded table " + table.name() + ": " + column.name() + " " + what);
    }

    private void demandWhole(ShardedTable.Column column, Object value) throws SqlException {
        if (column.type().mayBeCut(value)) {
            throw at(
                    SqlError.NOT_SUPPORTED,
                    "sharded table " + table.name() + ": " + column.name()
                            + " ends in a blank, which varchar(n) may cut off");
        }
    }

    private SqlException at(String code, String message) {
        return new SqlException(code, "COPY " + table.name() + ", row " + (line + 1) + ": " + message);
    }

    private void binary(Taker taker) throws SqlException {
        if (!begun) {
            if (filled - start < BINARY_HEADER) {
                return;
            }
            if (!Arrays.equals(buffer, start, start + SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
                throw at("22P04", "COPY file signature not recognized");
            }
            int extension = ByteBuffer.wrap(buffer).getInt(start + BINARY_HEADER - 4);
            if (extension < 0 || extension > longest) {
                throw at("22P04", "invalid COPY file header (wrong length)");
            }
            if (filled - start < BINARY_HEADER + extension) {
                return;
            }
            begun = true;
            int from = start;
            start += BINARY_HEADER + extension;
            taker.row(buffer, from, start, null);
        }
        while (!ended && tuple(taker)) {}
    }

    /** Reads one row; false when it is not whole yet. */
    private boolean tuple(Taker taker) throws SqlException {
        ByteBuffer in = ByteBuffer.wrap(buffer, start, filled - start);
        if (in.remaining() < 2) {
            return false;
        }
        int count = in.getShort();
        if (count == -1) {
            ended = true;
            taker.row(buffer, start, start + 2, null);
            start += 2;
            return false;
        }
        byte @Nullable [][] values = new byte[places.length][];
        for (int i = 0; i < count; i++) {
            if (in.remaining() < 4) {
                return false;
            }
            int length = in.getInt();
            if (length < -1 || length > longest) {
                throw at("22P04", "invalid field size");
            }
            if (in.remaining() < Math.max(0, length)) {
                return false;
            }
            for (int k = 0; k < places.length; k++) {
                if (places[k] == i && length >= 0) {
                    values[k] = Arrays.copyOfRange(buffer, in.position(), in.position() + length);
                }
            }
            in.position(in.position() + Math.max(0, length));
        }
        List<Object> key = new ArrayList<>(places.length);
        for (int k = 0; k < places.length; k++) {
            ShardedTable.Column column = table.columns().get(k);
            byte[] bytes = values[k];
            Object value = bytes == null ? null : column.type().value(bytes, 0, true);
            if (value == null) {
                throw noKey(column, bytes == null ? null : "a binary value");
            }
            demandWhole(column, value);
            key.add(value);
        }
        line++;
        int from = start;
        start = in.position();
        taker.row(buffer, from, start, places.length == 0 ? null : key);
        return true;
    }
}
