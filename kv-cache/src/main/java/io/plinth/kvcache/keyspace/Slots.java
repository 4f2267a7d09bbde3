package io.plinth.kvcache.keyspace;

/** The Redis Cluster specification's hash slots: CRC16 (XMODEM) of the key or of its first non-empty {tag}, modulo 16384. */
public final class Slots {
    /** How many there are. */
    public static final int COUNT = 16_384;

    private static final char[] TABLE = table();

    private Slots() {}

    /** The slot of a key. */
    public static int of(byte[] bytes, int offset, int length) {
        int end = offset + length;
        for (int i = offset; i < end; i++) {
            if (bytes[i] == '{') {
                int close = closing(bytes, i + 1, end);
                return close > i + 1
                        ? crc16(bytes, i + 1, close) & (COUNT - 1)
                        : crc16(bytes, offset, end) & (COUNT - 1);
            }
        }
        return crc16(bytes, offset, end) & (COUNT - 1);
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
        for (int i = from; i < end; i++) {
            crc = (crc << 8 & 0xffff) ^ TABLE[(crc >>> 8 ^ bytes[i]) & 0xff];
        }
        return crc;
    }

    private static char[] table() {
        char[] table = new char[256];
        for (int i = 0; i < 256; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            table[i] = (char) crc;
        }
        return table;
    }
}
