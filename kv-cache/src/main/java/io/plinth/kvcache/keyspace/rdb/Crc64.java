package io.plinth.kvcache.keyspace.rdb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The CRC-64 of Redis: Jones's polynomial, reflected, starting with zero. */
final class Crc64 {
    private static final long POLYNOMIAL = 0x95ac9329ac4bc9b5L;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    /** Of each byte, and of one that 1 to 7 others follow: so eight are looked up at a time. */
    private static final long[][] TABLES = new long[Long.BYTES][256];

    static {
        for (int i = 0; i < 256; i++) {
            long crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
            TABLES[0][i] = crc;
        }
        for (int behind = 1; behind < Long.BYTES; behind++) {
            for (int i = 0; i < 256; i++) {
                TABLES[behind][i] = of(TABLES[behind - 1][i], (byte) 0);
            }
        }
    }

    private Crc64() {}

    static long of(byte[] bytes, int length) {
        return of(0, bytes, 0, length);
    }

    /** Goes on from what came before with so many bytes from a place on. */
    static long of(long before, byte[] bytes, int from, int length) {
        long crc = before;
        int at = from;
        int end = from + length;
        for (; end - at >= Long.BYTES; at += Long.BYTES) {
            long word = crc ^ (long) LONG.get(bytes, at);
            crc = TABLES[7][(int) word & 0xff]
                    ^ TABLES[6][(int) (word >>> 8) & 0xff]
                    ^ TABLES[5][(int) (word >>> 16) & 0xff]
                    ^ TABLES[4][(int) (word >>> 24) & 0xff]
                    ^ TABLES[3][(int) (word >>> 32) & 0xff]
                    ^ TABLES[2][(int) (word >>> 40) & 0xff]
                    ^ TABLES[1][(int) (word >>> 48) & 0xff]
                    ^ TABLES[0][(int) (word >>> 56)];
        }
        for (; at < end; at++) {
            crc = of(crc, bytes[at]);
        }
        return crc;
    }

    /** The same with one byte. */
    static long of(long before, byte next) {
        return TABLES[0][(int) (before ^ next) & 0xff] ^ before >>> 8;
    }
}
