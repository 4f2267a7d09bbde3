package io.plinth.kit.hashing;

import java.nio.charset.StandardCharsets;

/** 64-bit mixing; the values are part of what nodes agree on, so these functions never change. */
final class Mix {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Mix() {}

    /** FNV-1a over the name's UTF-8 bytes, finished by {@link #finish}. */
    static long name(String name) {
        long hash = FNV_OFFSET;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        return finish(hash);
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    static long finish(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
