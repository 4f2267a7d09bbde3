package io.plinth.kvcache.keyspace.memory;

import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads and writes native memory by its address. An address is one that the keyspace's region reserved; nothing else is checked. */
public final class Native {
    private static final MemorySegment ALL = all();
    private static final ValueLayout.OfLong LITTLE_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Native() {}

    @SuppressWarnings("restricted") // One segment over everything, so that an access costs no look-up of the right one.
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    public static int getByte(long at) {
        return ALL.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    public static void putByte(long at, int value) {
        ALL.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    public static int getShort(long at) {
        return ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }

    public static void putShort(long at, int value) {
        ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
    }

    public static int getInt(long at) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }

    public static void putInt(long at, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    }

    public static void putLong(long at, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, at, value);
    }

    public static long getLong(long at) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }

    /** Eight bytes as a number whose lowest byte is the first, whatever the machine's order. */
    public static long getLittleEndian(long at) {
        return ALL.get(LITTLE_ENDIAN, at);
    }

    /** The last eight bytes before {@code end}, or {@code count} where that is fewer and at least one, as {@link #getLittleEndian} reads them. */
    public static long last(byte[] bytes, int end, int count) {
        if (count >= Long.BYTES) {
            return (long) Bytes.LITTLE_ENDIAN.get(bytes, end - Long.BYTES);
        }
        long number = 0;
        for (int i = end - 1; i >= end - count; i--) {
            number = number << Byte.SIZE | (bytes[i] & 0xff);
        }
        return number;
    }

    public static void copy(long from, long to, long length) {
        MemorySegment.copy(ALL, from, ALL, to, length);
    }

    public static void put(byte[] from, int offset, long to, int length) {
        MemorySegment.copy(from, offset, ALL, ValueLayout.JAVA_BYTE, to, length);
    }

    public static void get(long from, byte[] to, int offset, int length) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, to, offset, length);
    }

    /** Fills so many bytes with zeros. */
    public static void zero(long at, long length) {
        ALL.asSlice(at, length).fill((byte) 0);
    }

    /** Appends so many bytes to a buffer that has room for them. */
    public static void write(long from, int length, ByteBuf to) {
        int at = to.writerIndex();
        if (to.hasMemoryAddress()) {
            copy(from, to.memoryAddress() + at, length);
        } else {
            MemorySegment.copy(ALL, from, MemorySegment.ofBuffer(to.internalNioBuffer(at, length)), 0, length);
        }
        to.writerIndex(at + length);
    }

    /** Takes so many bytes from a buffer. */
    public static void read(ByteBuf from, long to, int length) {
        int at = from.readerIndex();
        if (from.hasMemoryAddress()) {
            copy(from.memoryAddress() + at, to, length);
        } else {
            MemorySegment.copy(MemorySegment.ofBuffer(from.internalNioBuffer(at, length)), 0, ALL, to, length);
        }
        from.readerIndex(at + length);
    }

    /** A view of so many bytes there. */
    public static MemorySegment at(long from, int length) {
        return ALL.asSlice(from, length);
    }

    /**
     * Whether the bytes there are those of an array. Eight at a time, as names are short, and a call costs more than a loop; the last
     * ones first, as names that differ often do so there.
     */
    public static boolean same(long at, byte[] bytes, int offset, int length) {
        if (length < Long.BYTES) {
            return length < Integer.BYTES ? sameFew(at, bytes, offset, length) : sameInts(at, bytes, offset, length);
        }
        int last = length - Long.BYTES;
        if (getLong(at + last) != Bytes.getLong(bytes, offset + last)) {
            return false;
        }
        for (int i = 0; i < last; i += Long.BYTES) {
            if (getLong(at + i) != Bytes.getLong(bytes, offset + i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameInts(long at, byte[] bytes, int offset, int length) {
        int last = length - Integer.BYTES;
        return getInt(at + last) == Bytes.getInt(bytes, offset + last) && getInt(at) == Bytes.getInt(bytes, offset);
    }

    private static boolean sameFew(long at, byte[] bytes, int offset, int length) {
        for (int i = 0; i < length; i++) {
            if ((byte) getByte(at + i) != bytes[offset + i]) {
                return false;
            }
        }
        return true;
    }

    /** How so many bytes there compare to those of an array, each as a number without sign. */
    public static int compare(long at, byte[] bytes, int offset, int length) {
        int i = 0;
        while (length - i >= Long.BYTES && getLong(at + i) == Bytes.getLong(bytes, offset + i)) {
            i += Long.BYTES;
        }
        for (; i < length; i++) {
            int order = getByte(at + i) - (bytes[offset + i] & 0xff);
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    /** Arrays read several bytes at a time in the machine's order. */
    private static final class Bytes {
        private static final java.lang.invoke.VarHandle LONG =
                java.lang.invoke.MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

        private static final java.lang.invoke.VarHandle INT =
                java.lang.invoke.MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

        private static final java.lang.invoke.VarHandle LITTLE_ENDIAN =
                java.lang.invoke.MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

        private Bytes() {}

        static int getInt(byte[] bytes, int at) {
            return (int) INT.get(bytes, at);
        }

        static long getLong(byte[] bytes, int at) {
            return (long) LONG.get(bytes, at);
        }
    }
}
