package io.plinth.kvcache.keyspace.stream;

/**
 * Owned by who counts: how many nodes Redis's radix tree has that finds a stream's listpacks by the 16 bytes of their ids, most significant first: XINFO shows
 * it. There is one for each key, one where keys part, and one for the bytes between two of these that there is no choice about. Keys
 * come in ascending order.
 */
public final class RadixTree {
    private static final int LENGTH = 2 * Long.BYTES;
    /** Above where keys part first. */
    private static final int ROOT = -1;

    /** How many bytes lead to the places that the last key is behind and where keys part. */
    private final int[] partings = new int[LENGTH];

    private int depth;
    private int nodes;
    private boolean any;
    private long millis;
    private long sequence;

    /** Adds a key, larger than those before. */
    public void add(long nextMillis, long nextSequence) {
        if (any) {
            part(shared(nextMillis, nextSequence));
        }
        any = true;
        millis = nextMillis;
        sequence = nextSequence;
    }

    /** How many nodes there are for the keys so far. No key comes behind that. */
    public int nodes() {
        if (any) {
            part(ROOT);
        }
        return Math.max(1, nodes);
    }

    /** The last key parts from the next behind so many bytes: what is further down is complete. */
    private void part(int at) {
        int below = LENGTH;
        while (depth > 0 && partings[depth - 1] > at) {
            depth--;
            below = hang(partings[depth], below);
        }
        if (at != ROOT && (depth == 0 || partings[depth - 1] < at)) {
            partings[depth] = at;
            depth++;
        }
        hang(at, below);
    }

    /** Counts a node that is so far down, and what leads to it from where keys part above. Answers the latter. */
    private int hang(int parting, int below) {
        nodes += below > parting + 1 ? 2 : 1;
        return parting;
    }

    private int shared(long nextMillis, long nextSequence) {
        return millis != nextMillis
                ? Long.numberOfLeadingZeros(millis ^ nextMillis) / Byte.SIZE
                : Long.BYTES + Long.numberOfLeadingZeros(sequence ^ nextSequence) / Byte.SIZE;
    }
}
