package io.plinth.kvcache.command.hll;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Estimates by Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), with Redis's hash, so
 * that both see the same registers.
 */
final class HyperLogLog {
    private static final int PRECISION = 14;
    private static final int RANKS = 64 - PRECISION;
    private static final double ALPHA = 0.7213475204444817;
    private static final long SEED = 0xadc83b19L;
    private static final long MIX = 0xc6a4a7935bd1e995L;
    private static final int SHIFT = 47;

    private HyperLogLog() {}

    /** Which register an element of this hash is counted in. */
    static int register(long hash) {
        return (int) hash & Layout.REGISTERS - 1;
    }

    /** What an element of this hash raises its register to. */
    static int rank(long hash) {
        return Long.numberOfTrailingZeros(hash >>> PRECISION | 1L << RANKS) + 1;
    }

    /** Raises registers to those of another; answers false where it is damaged. */
    static boolean merge(byte[] bytes, byte[] registers) {
        if (Layout.encoding(bytes) == Layout.SPARSE) {
            return Sparse.merge(bytes, registers);
        }
        for (int i = 0; i < Layout.REGISTERS; i++) {
            registers[i] = (byte) Math.max(registers[i], Layout.get(bytes, i));
        }
        return true;
    }

    /** The estimate, or -1 where the registers are damaged. */
    static long count(byte[] bytes) {
        int[] counts = new int[Layout.MAX + 1];
        if (Layout.encoding(bytes) == Layout.SPARSE) {
            return Sparse.histogram(bytes, counts) ? estimate(counts) : -1;
        }
        for (int i = 0; i < Layout.REGISTERS; i++) {
            counts[Layout.get(bytes, i)]++;
        }
        return estimate(counts);
    }

    /** The estimate of plain registers. */
    static long countRaw(byte[] registers) {
        int[] counts = new int[Layout.MAX + 1];
        for (byte register : registers) {
            counts[register]++;
        }
        return estimate(counts);
    }

    private static long estimate(int[] counts) {
        double m = Layout.REGISTERS;
        double z = m * tau((m - counts[RANKS + 1]) / m);
        for (int j = RANKS; j >= 1; j--) {
            z += counts[j];
            z *= 0.5;
        }
        z += m * sigma(counts[0] / m);
        return Math.round(ALPHA * m * m / z);
    }

    private static double sigma(double share) {
        if (share == 1) {
            return Double.POSITIVE_INFINITY;
        }
        double x = share;
        double y = 1;
        double z = x;
        double before;
        do {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        } while (before != z);
        return z;
    }

    private static double tau(double share) {
        if (share == 0 || share == 1) {
            return 0;
        }
        double x = share;
        double y = 1;
        double z = 1 - x;
        double before;
        do {
            x = Math.sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        } while (before != z);
        return z / 3;
    }

    /** MurmurHash2 for 64-bit machines, by Austin Appleby, who put it into the public domain. */
    static long hash(byte[] buffer, int offset, int length) {
        ByteBuffer in = ByteBuffer.wrap(buffer, offset, length).order(ByteOrder.LITTLE_ENDIAN);
        long h = SEED ^ length * MIX;
        while (in.remaining() >= Long.BYTES) {
            long k = in.getLong() * MIX;
            k ^= k >>> SHIFT;
            h = (h ^ k * MIX) * MIX;
        }
        if (in.hasRemaining()) {
            for (int i = 0; in.hasRemaining(); i += 8) {
                h ^= (in.get() & 0xffL) << i;
            }
            h *= MIX;
        }
        h = (h ^ h >>> SHIFT) * MIX;
        return h ^ h >>> SHIFT;
    }
}
