package io.plinth.kvcache.keyspace.rdb;

/** The CRC-64 of Redis: Jones's polynomial, reflected, starting with zero. */
final class Crc64 {
    private static final long POLYNOMIAL = 0x95ac9329ac4bc9b5L;
    private static final long[] TABLE = new long[256];

    static {
        for (int i = 0; i < TABLE.length; i++) {
            long crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
            TABLE[i] = crc;
        }
    }

    private Crc64() {}

    static long of(byte[] bytes, int length) {
        return of(0, bytes, length);
    }

    /** Goes on from what came before. */
    static long of(long before, byte[] bytes, int length) {
        long crc = before;
        for (int i = 0; i < length; i++) {
            crc = of(crc, bytes[i]);
        }
        return crc;
    }

    static long of(long before, byte next) {
        return TABLE[(int) (before ^ next) & 0xff] ^ before >>> 8;
    }
}
