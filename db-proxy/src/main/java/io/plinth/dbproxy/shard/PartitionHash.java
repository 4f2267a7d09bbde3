package io.plinth.dbproxy.shard;

/**
 * The hash by which PostgreSQL chooses a row's hash partition (common/hashfn.c and partitioning/partbounds.c), so that
 * a shard can itself be partitioned, checked or moved with PostgreSQL's own functions.
 */
public final class PartitionHash {
    /** HASH_PARTITION_SEED. */
    static final long SEED = 0x7A5B22367996DCFDL;

    private static final int INITIAL = 0x9e3779b9 + 3_923_095;

    private PartitionHash() {}

    /** Of a key of one column of type smallint, integer or bigint: equal values of the three hash alike. */
    public static long ofLong(long value) {
        return combine(0, extended(value));
    }

    /** Of a key of one column of type text, varchar or uuid: its bytes in UTF-8, or its sixteen bytes. */
    public static long ofBytes(byte[] key) {
        return combine(0, extended(key));
    }

    static long extended(long value) {
        int low = (int) value;
        int high = (int) (value >> 32);
        low ^= value >= 0 ? high : ~high;
        Mixer mixer = new Mixer(Integer.BYTES);
        mixer.a += low;
        return mixer.finish();
    }

    static long extended(byte[] key) {
        Mixer mixer = new Mixer(key.length);
        int at = 0;
        while (key.length - at >= 12) {
            mixer.a += word(key, at, 4);
            mixer.b += word(key, at + 4, 4);
            mixer.c += word(key, at + 8, 4);
            mixer.mix();
            at += 12;
        }
        int left = key.length - at;
        mixer.a += word(key, at, Math.min(left, 4));
        mixer.b += word(key, at + 4, Math.clamp(left - 4, 0, 4));
        // The lowest byte of c is kept for the length, which is in its initial value.
        mixer.c += word(key, at + 8, Math.clamp(left - 8, 0, 4)) << 8;
        return mixer.finish();
    }

    private static int word(byte[] key, int at, int length) {
        int word = 0;
        for (int i = 0; i < length; i++) {
            word |= (key[at + i] & 0xff) << (8 * i);
        }
        return word;
    }

    /** hash_combine64: a row's hash begins with zero, and each column of its key is added. */
    static long combine(long row, long hash) {
        return row ^ (hash + 0x49a0f4dd15e5a8e3L + (row << 54) + (row >>> 7));
    }

    /** Bob Jenkins' lookup3, as hash_bytes_extended seeds it. */
    private static final class Mixer {
        int a;
        int b;
        int c;

        Mixer(int length) {
            a = INITIAL + length;
            b = a;
            c = a;
            a += (int) (SEED >>> 32);
            b += (int) SEED;
            mix();
        }

        void mix() {
            a -= c;
            a ^= Integer.rotateLeft(c, 4);
            c += b;
            b -= a;
            b ^= Integer.rotateLeft(a, 6);
            a += c;
            c -= b;
            c ^= Integer.rotateLeft(b, 8);
            b += a;
            a -= c;
            a ^= Integer.rotateLeft(c, 16);
            c += b;
            b -= a;
            b ^= Integer.rotateLeft(a, 19);
            a += c;
            c -= b;
            c ^= Integer.rotateLeft(b, 4);
            b += a;
        }

        long finish() {
            c ^= b;
            c -= Integer.rotateLeft(b, 14);
            a ^= c;
            a -= Integer.rotateLeft(c, 11);
            b ^= a;
            b -= Integer.rotateLeft(a, 25);
            c ^= b;
            c -= Integer.rotateLeft(b, 16);
            a ^= c;
            a -= Integer.rotateLeft(c, 4);
            b ^= a;
            b -= Integer.rotateLeft(a, 14);
            c ^= b;
            c -= Integer.rotateLeft(b, 24);
            return (long) b << 32 | (c & 0xffff_ffffL);
        }
    }
}
