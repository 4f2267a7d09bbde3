package io.plinth.kvcache.keyspace.value;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Immutable: a seeded hash of bytes, so that a client cannot choose keys that collide. */
public final class KeyHash {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long P1 = 0xa0761d6478bd642fL;
    private static final long P2 = 0xe7037ed1a0b428dbL;

    private final long seed;

    public KeyHash(long seed) {
        this.seed = seed;
    }

    /** What makes it differ from other nodes'. */
    public long seed() {
        return seed;
    }

    /** Mixes eight bytes at a time by a 64x64 bit multiply folded to 64 bits. */
    public int hash(int salt, byte[] bytes, int offset, int length) {
        long h = seed ^ mix(length ^ P1, salt ^ P2);
        int i = offset;
        int end = offset + length;
        for (; end - i >= 8; i += 8) {
            h = mix(h ^ (long) LONG.get(bytes, i), P1);
        }
        long tail = 0;
        if (end - i >= 4) {
            tail = (int) INT.get(bytes, i) & 0xffff_ffffL;
            i += 4;
        }
        for (; i < end; i++) {
            tail = tail << 8 | (bytes[i] & 0xff);
        }
        h = mix(h ^ tail, P2);
        return (int) (h >>> 32) ^ (int) h;
    }

    private static long mix(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b) ^ (a * b);
    }
}
