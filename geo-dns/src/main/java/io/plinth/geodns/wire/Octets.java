package io.plinth.geodns.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in network order, read from and written to arrays. Stateless. */
public final class Octets {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LITTLE_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Octets() {}

    public static int unsignedShort(byte[] octets, int at) {
        return (short) SHORT.get(octets, at) & 0xFFFF;
    }

    public static void putShort(byte[] octets, int at, int value) {
        SHORT.set(octets, at, (short) value);
    }

    public static int intAt(byte[] octets, int at) {
        return (int) INT.get(octets, at);
    }

    public static void putInt(byte[] octets, int at, int value) {
        INT.set(octets, at, value);
    }

    public static long longAt(byte[] octets, int at) {
        return (long) LONG.get(octets, at);
    }

    public static void putLong(byte[] octets, int at, long value) {
        LONG.set(octets, at, value);
    }

    /** In the order that hashes are made in. */
    public static long littleLong(byte[] octets, int at) {
        return (long) LITTLE_LONG.get(octets, at);
    }

    public static void putLittleLong(byte[] octets, int at, long value) {
        LITTLE_LONG.set(octets, at, value);
    }
}
