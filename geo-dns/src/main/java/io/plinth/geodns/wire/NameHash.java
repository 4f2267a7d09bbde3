package io.plinth.geodns.wire;

/** The hash of a name, made from the root on label by label, so that the hash of every suffix falls out. Stateless. */
final class NameHash {
    /** The hash of the root. */
    static final int ROOT = 0x51ED_270B;

    private static final long PRIME = 0x9E37_79B9_7F4A_7C15L;
    private static final int WORD = 8;

    private NameHash() {}

    /** The hash of the name whose first label, in lower case, has its length octet at {@code at}. */
    static int extend(int parent, byte[] lower, int at) {
        int end = at + 1 + lower[at];
        long hash = parent;
        int next = at;
        for (; end - next >= WORD; next += WORD) {
            hash = mix(hash ^ Octets.littleLong(lower, next));
        }
        if (next < end) {
            hash = mix(hash ^ tail(lower, next, end));
        }
        return (int) (hash ^ (hash >>> 32));
    }

    private static long tail(byte[] lower, int from, int end) {
        if (from + WORD <= lower.length) {
            return Octets.littleLong(lower, from) & (-1L >>> (64 - ((end - from) << 3)));
        }
        long word = 0;
        for (int i = end - 1; i >= from; i--) {
            word = (word << 8) | (lower[i] & 0xFF);
        }
        return word;
    }

    private static long mix(long word) {
        long product = word * PRIME;
        return product ^ (product >>> 29);
    }
}
