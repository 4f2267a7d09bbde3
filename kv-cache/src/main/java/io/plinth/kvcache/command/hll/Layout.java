package io.plinth.kvcache.command.hll;

import java.nio.charset.StandardCharsets;

/**
 * The bytes of a HyperLogLog: {@code HYLL}, the encoding, three zeros, the cached count as eight bytes with the lowest first and
 * a bit that marks it as out of date, and the registers.
 */
final class Layout {
    static final int REGISTERS = 1 << 14;
    static final int HEADER = 16;
    /** What the sparse form takes where each register has a run of two bytes: no longer one is sound. */
    static final int MOST = HEADER + 2 * REGISTERS;

    static final int DENSE = 0;
    static final int SPARSE = 1;
    /** Registers are counters up to this. */
    static final int MAX = 63;

    private static final int BITS = 6;
    private static final int DENSE_SIZE = HEADER + REGISTERS * BITS / 8;
    private static final byte[] MAGIC = "HYLL".getBytes(StandardCharsets.US_ASCII);
    private static final int ENCODING = 4;
    private static final int CARDINALITY = 8;
    private static final int STALE = 15;
    private static final int STALE_BIT = 0x80;

    private Layout() {}

    /** An empty one: sparse, one run of zeros. */
    static byte[] empty() {
        byte[] bytes = new byte[HEADER + 2];
        System.arraycopy(MAGIC, 0, bytes, 0, MAGIC.length);
        bytes[ENCODING] = SPARSE;
        Sparse.putZeros(bytes, HEADER, REGISTERS);
        return bytes;
    }

    /** Whether a string of this length that begins so looks like one; its registers may be damaged nevertheless. */
    static boolean valid(byte[] head, int length) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (length < HEADER || head[i] != MAGIC[i]) {
                return false;
            }
        }
        int encoding = head[ENCODING];
        return encoding == SPARSE || (encoding == DENSE && length == DENSE_SIZE);
    }

    static int encoding(byte[] bytes) {
        return bytes[ENCODING];
    }

    /** Marks the count as out of date. */
    static void stale(byte[] bytes) {
        bytes[STALE] |= (byte) STALE_BIT;
    }

    /** The count kept with the registers, or -1 where it is out of date. */
    static long cached(byte[] bytes) {
        if ((bytes[STALE] & STALE_BIT) != 0) {
            return -1;
        }
        long count = 0;
        for (int i = 7; i >= 0; i--) {
            count = count << 8 | (bytes[CARDINALITY + i] & 0xff);
        }
        return count;
    }

    static void cache(byte[] bytes, long count) {
        for (int i = 0; i < 8; i++) {
            bytes[CARDINALITY + i] = (byte) (count >>> (8 * i));
        }
    }

    /** The dense form of the registers with this header; null where the sparse form is damaged. */
    static byte @org.jspecify.annotations.Nullable [] dense(byte[] bytes) {
        if (encoding(bytes) == DENSE) {
            return bytes;
        }
        byte[] registers = new byte[REGISTERS];
        if (!Sparse.merge(bytes, registers)) {
            return null;
        }
        byte[] dense = new byte[DENSE_SIZE];
        System.arraycopy(bytes, 0, dense, 0, HEADER);
        dense[ENCODING] = DENSE;
        for (int i = 0; i < REGISTERS; i++) {
            if (registers[i] > 0) {
                set(dense, i, registers[i]);
            }
        }
        return dense;
    }

    /** A register of the dense form: six bits, the lowest first, across bytes. */
    static int get(byte[] dense, int register) {
        int bit = register * BITS;
        int at = HEADER + (bit >> 3);
        int shift = bit & 7;
        int high = at + 1 < dense.length ? dense[at + 1] & 0xff : 0;
        return ((dense[at] & 0xff) >> shift | high << (8 - shift)) & MAX;
    }

    /** Raises a register of the dense form; answers whether it was lower. */
    static boolean set(byte[] dense, int register, int value) {
        if (get(dense, register) >= value) {
            return false;
        }
        int bit = register * BITS;
        int at = HEADER + (bit >> 3);
        int shift = bit & 7;
        dense[at] = (byte) ((dense[at] & ~(MAX << shift)) | (value << shift));
        if (shift > 8 - BITS) {
            dense[at + 1] = (byte) ((dense[at + 1] & ~(MAX >> (8 - shift))) | (value >> (8 - shift)));
        }
        return true;
    }
}
