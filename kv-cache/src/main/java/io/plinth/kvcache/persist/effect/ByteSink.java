package io.plinth.kvcache.persist.effect;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Owned by one writer at a time: bytes that are appended, most significant first. */
public final class ByteSink {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** Kept when it is emptied; what was larger is given back. */
    private static final int KEPT = 1 << 20;

    private static final int LEAST = 256;

    private byte[] bytes = new byte[LEAST];
    private int size;

    /** How many bytes it has. */
    public int size() {
        return size;
    }

    /** The bytes, of which {@link #size} count. */
    public byte[] array() {
        return bytes;
    }

    /** Forgets what it has. */
    public void clear() {
        size = 0;
        if (bytes.length > KEPT) {
            bytes = new byte[LEAST];
        }
    }

    /** Forgets what came after the first {@code length} bytes. */
    public void cut(int length) {
        size = length;
    }

    private int room(int more) {
        int at = size;
        if (bytes.length - at < more) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(at, more), (int) Math.min(2L * bytes.length, 1 << 30)));
        }
        size = at + more;
        return at;
    }

    /** Appends one byte. */
    public void u1(int value) {
        int at = room(1);
        bytes[at] = (byte) value;
    }

    /** Appends two bytes. */
    public void u2(int value) {
        int at = room(2);
        SHORT.set(bytes, at, (short) value);
    }

    /** Appends four bytes. */
    public void u4(int value) {
        int at = room(4);
        INT.set(bytes, at, value);
    }

    /** Appends eight bytes. */
    public void u8(long value) {
        int at = room(8);
        LONG.set(bytes, at, value);
    }

    /** Overwrites one byte. */
    public void u1(int at, int value) {
        bytes[at] = (byte) value;
    }

    /** Overwrites four bytes. */
    public void u4(int at, int value) {
        INT.set(bytes, at, value);
    }

    /** Overwrites eight bytes. */
    public void u8(int at, long value) {
        LONG.set(bytes, at, value);
    }

    /** Appends a length and the bytes. */
    public void block(byte[] from) {
        u4(from.length);
        raw(from, 0, from.length);
    }

    /** Appends so many bytes that the caller puts into {@link #array} next; answers where. */
    public int reserve(int length) {
        return room(length);
    }

    /** Appends bytes. */
    public void raw(byte[] from, int offset, int length) {
        int at = room(length);
        System.arraycopy(from, offset, bytes, at, length);
    }
}
