package io.plinth.kvcache.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop: one command's arguments as they lie in the read buffer. Valid until the next is decoded. */
public final class Args {
    private static final int FIRST = 8;
    private static final int KEPT = 1024;
    private static final int NOT_HASHED = -1;
    private static final LongArgument[] NO_LONGS = {};

    private byte[] buffer = new byte[0];
    private int base;
    private int[] starts = new int[FIRST];
    private int[] lengths = new int[FIRST];
    private int count;
    private long total;
    /** By argument, null for those that lie in the buffer. */
    private @Nullable LongArgument[] longs = NO_LONGS;

    private int hashedDb = NOT_HASHED;
    private int slot;
    private int hash;

    void clear() {
        release();
        count = 0;
        total = 0;
        hashedDb = NOT_HASHED;
        if (starts.length > KEPT) {
            starts = new int[FIRST];
            lengths = new int[FIRST];
        }
    }

    /** Adds an argument that starts {@code start} bytes after the command. */
    void add(int start, int length) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count << 1);
            lengths = Arrays.copyOf(lengths, count << 1);
        }
        starts[count] = start;
        lengths[count] = length;
        count++;
        total += length;
    }

    /** Adds an argument that lies elsewhere. */
    void add(LongArgument argument) {
        long before = total;
        add(0, argument.length());
        total = before;
        longs = Arrays.copyOf(longs, count);
        longs[count - 1] = argument;
    }

    /** The argument, where it lies elsewhere; null where it is in the buffer. */
    public @Nullable LongArgument longAt(int i) {
        return i < longs.length ? longs[i] : null;
    }

    /** Bytes of those that lie elsewhere. */
    public long elsewhere() {
        long sum = 0;
        for (LongArgument each : longs) {
            sum += each == null ? 0 : each.length();
        }
        return sum;
    }

    /** Gives up those that lie elsewhere and that no command took. */
    public void release() {
        if (longs.length > 0) {
            for (LongArgument each : longs) {
                if (each != null) {
                    each.release();
                }
            }
            longs = NO_LONGS;
        }
    }

    void at(byte[] bytes, int commandStart) {
        buffer = bytes;
        base = commandStart;
    }

    /** A copy that outlives the read buffer; it has those that lie elsewhere from now on. */
    public Args copy() {
        Args copy = new Args();
        copy.buffer = new byte[(int) total];
        int to = 0;
        for (int i = 0; i < count; i++) {
            LongArgument elsewhere = longAt(i);
            if (elsewhere != null) {
                copy.add(elsewhere);
                continue;
            }
            System.arraycopy(buffer, offset(i), copy.buffer, to, lengths[i]);
            copy.add(to, lengths[i]);
            to += lengths[i];
        }
        longs = NO_LONGS;
        return copy;
    }

    /** Arguments given as text, for commands that do not come from a client. */
    public static Args of(byte[]... values) {
        Args args = new Args();
        int size = 0;
        for (byte[] value : values) {
            args.add(size, value.length);
            size += value.length;
        }
        args.buffer = new byte[size];
        for (int i = 0; i < values.length; i++) {
            System.arraycopy(values[i], 0, args.buffer, args.starts[i], values[i].length);
        }
        return args;
    }

    /** The first argument behind the name, as a key of this database, has this slot and this hash. */
    public void hashed(int db, int slot, int hash) {
        hashedDb = db;
        this.slot = slot;
        this.hash = hash;
    }

    /** Whether {@link #slot} and {@link #hash} are known of the first argument as a key of this database. */
    public boolean isHashed(int db) {
        return hashedDb == db;
    }

    /** Of the first argument. */
    public int slot() {
        return slot;
    }

    /** Of the first argument. */
    public int hash() {
        return hash;
    }

    /** How many, the command's name included. */
    public int count() {
        return count;
    }

    /** Bytes of those in the buffer. */
    public long total() {
        return total;
    }

    /** What they lie in. */
    public byte[] buffer() {
        return buffer;
    }

    /** Where one starts. */
    public int offset(int i) {
        return base + starts[i];
    }

    /** How long one is. */
    public int length(int i) {
        return lengths[i];
    }

    /** A copy of one. */
    public byte[] bytes(int i) {
        return start(i, lengths[i]);
    }

    /** A copy of at most so many bytes that one begins with. */
    public byte[] start(int i, int most) {
        int count = Math.min(most, lengths[i]);
        LongArgument elsewhere = longAt(i);
        if (elsewhere != null) {
            return elsewhere.part(0, count);
        }
        int from = offset(i);
        return Arrays.copyOfRange(buffer, from, from + count);
    }

    /** One as text, byte for character. */
    public String text(int i) {
        return new String(buffer, offset(i), lengths[i], StandardCharsets.ISO_8859_1);
    }

    /** Whether one is this upper-case ASCII word, in any case. */
    public boolean is(int i, String word) {
        int length = lengths[i];
        if (length != word.length() || longAt(i) != null) {
            return false;
        }
        int from = offset(i);
        for (int k = 0; k < length; k++) {
            int c = buffer[from + k];
            if ((c >= 'a' && c <= 'z' ? c - 32 : c) != word.charAt(k)) {
                return false;
            }
        }
        return true;
    }
}
