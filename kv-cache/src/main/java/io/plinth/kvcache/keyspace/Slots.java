package io.plinth.kvcache.keyspace;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The Redis Cluster specification's hash slots: CRC16 (XMODEM) of the key or of its first non-empty {tag}, modulo 16384. */
public final class Slots {
    /** How many there are. */
    public static final int COUNT = 16_384;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long EACH = 0x0101_0101_0101_0101L;
    private static final long OPENING = '{' * EACH;

    /** What a byte makes of the checksum where 0 to 3 others follow it: four at a time do not wait for one another. */
    private static final char[] TABLE = table();

    private static final int SECOND = 256;
    private static final int THIRD = 512;
    private static final int FOURTH = 768;

    private Slots() {}

    /** The slot of a key. */
    public static int of(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int open = opening(bytes, offset, end);
        if (open >= 0) {
            int close = closing(bytes, open + 1, end);
            if (close > open + 1) {
                return crc16(bytes, open + 1, close) & (COUNT - 1);
            }
        }
        return crc16(bytes, offset, end) & (COUNT - 1);
    }

    /** Where the first opening brace is; -1 for nowhere. */
    private static int opening(byte[] bytes, int from, int end) {
        int i = from;
        for (; end - i >= Long.BYTES; i += Long.BYTES) {
            long differs = (long) LONG.get(bytes, i) ^ OPENING;
            // The lowest byte that is zero has its highest bit set here, and none below it has.
            long zero = (differs - EACH) & ~differs & (EACH << 7);
            if (zero != 0) {
                return i + (Long.numberOfTrailingZeros(zero) >> 3);
            }
        }
        for (; i < end; i++) {
            if (bytes[i] == '{') {
                return i;
            }
        }
        return -1;
    }

    private static int closing(byte[] bytes, int from, int end) {
        for (int i = from; i < end; i++) {
            if (bytes[i] == '}') {
                return i;
            }
        }
        return -1;
    }

    private static int crc16(byte[] bytes, int from, int end) {
        int crc = 0;
        int i = from;
        for (; end - i >= 4; i += 4) {
            crc = TABLE[FOURTH + ((crc >>> 8 ^ bytes[i]) & 0xff)]
                    ^ TABLE[THIRD + ((crc ^ bytes[i + 1]) & 0xff)]
                    ^ TABLE[SECOND + (bytes[i + 2] & 0xff)]
                    ^ TABLE[bytes[i + 3] & 0xff];
        }
        for (; i < end; i++) {
            crc = (crc << 8 & 0xffff) ^ TABLE[(crc >>> 8 ^ bytes[i]) & 0xff];
        }
        return crc;
    }

    private static char[] table() {
        char[] table = new char[FOURTH + 256];
        for (int i = 0; i < 256; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            table[i] = (char) crc;
        }
        for (int i = 256; i < table.length; i++) {
            int before = table[i - 256];
            table[i] = (char) (before << 8 ^ table[before >>> 8]);
        }
        return table;
    }
}
