package io.plinth.kvcache.keyspace.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads and writes native memory by its address. An address is one of a {@link Region}'s; nothing else is checked. */
final class Native {
    private static final MemorySegment ALL = all();

    private Native() {}

    @SuppressWarnings("restricted") // One segment over everything, so that an access costs no look-up of the right one.
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    static int getByte(long at) {
        return ALL.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    static void putByte(long at, int value) {
        ALL.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    static int getShort(long at) {
        return ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }

    static void putShort(long at, int value) {
        ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
    }

    static int getInt(long at) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }

    static void putInt(long at, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    }

    static long getLong(long at) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }

    static void copy(long from, long to, long length) {
        MemorySegment.copy(ALL, from, ALL, to, length);
    }

    static void put(byte[] from, int offset, long to, int length) {
        MemorySegment.copy(from, offset, ALL, ValueLayout.JAVA_BYTE, to, length);
    }

    static void get(long from, byte[] to, int offset, int length) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, to, offset, length);
    }

    /** A view of so many bytes there. */
    static MemorySegment at(long from, int length) {
        return ALL.asSlice(from, length);
    }

    /** Whether the bytes there are those of an array. Eight at a time: keys are short, and a call costs more than a loop. */
    static boolean same(long at, byte[] bytes, int offset, int length) {
        int i = 0;
        for (; length - i >= Long.BYTES; i += Long.BYTES) {
            if (getLong(at + i) != Bytes.getLong(bytes, offset + i)) {
                return false;
            }
        }
        for (; i < length; i++) {
            if ((byte) getByte(at + i) != bytes[offset + i]) {
                return false;
            }
        }
        return true;
    }

    /** Arrays read eight bytes at a time in the machine's order. */
    private static final class Bytes {
        private static final java.lang.invoke.VarHandle LONG =
                java.lang.invoke.MethodHandles.byteArrayViewVarHandle(long[].class, java.nio.ByteOrder.nativeOrder());

        private Bytes() {}

        static long getLong(byte[] bytes, int at) {
            return (long) LONG.get(bytes, at);
        }
    }
}
