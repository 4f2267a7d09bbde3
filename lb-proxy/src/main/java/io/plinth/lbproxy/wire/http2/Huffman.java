package io.plinth.lbproxy.wire.http2;

import java.util.Arrays;

/** The code of RFC 7541 appendix B, read four bits at a time. It is canonical, so the lengths say all. */
final class Huffman {
    /** A letter per symbol, {@code a} for 5 bits; the last is the end of string. */
    private static final String LENGTHS =
            "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibcccccccccccccccc"
                + "ccccccdcdioijbkabababbbaccbbbabcbaabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprr"
                + "rsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz";

    private static final int END_OF_STRING = 256;
    private static final int SHORTEST = 5;
    private static final int LONGEST = 30;
    private static final int STATES = 256;

    /** {@code [state * 16 + nibble]}: the next state, and above it {@link #EMITS} with the symbol. */
    private static final int[] STEPS = new int[STATES * 16];

    private static final int STATE_MASK = 0xff;
    private static final int SYMBOL_SHIFT = 8;
    private static final int EMITS = 1 << 16;
    private static final int WRONG = 1 << 17;

    /** Whether a string may end in a state: fewer than eight bits since the last symbol, all ones (RFC 7541 5.2). */
    private static final boolean[] ENDS = new boolean[STATES];

    static {
        build();
    }

    private Huffman() {}

    private static void build() {
        // Inner nodes are numbers from 0, leaves are -2 - symbol, -1 is none yet.
        int[][] tree = new int[STATES][2];
        for (int[] node : tree) {
            Arrays.fill(node, -1);
        }
        int nodes = 1;
        int code = 0;
        for (int length = SHORTEST; length <= LONGEST; length++) {
            code <<= 1;
            for (int symbol = 0; symbol <= END_OF_STRING; symbol++) {
                if (LENGTHS.charAt(symbol) - 'a' + SHORTEST == length) {
                    int node = 0;
                    for (int bit = length - 1; bit > 0; bit--) {
                        int side = code >>> bit & 1;
                        if (tree[node][side] == -1) {
                            tree[node][side] = nodes++;
                        }
                        node = tree[node][side];
                    }
                    tree[node][code & 1] = -2 - symbol;
                    code++;
                }
            }
        }
        for (int state = 0; state < nodes; state++) {
            for (int nibble = 0; nibble < 16; nibble++) {
                STEPS[state * 16 + nibble] = step(tree, state, nibble);
            }
        }
        int node = 0;
        for (int ones = 0; ones < 8; ones++) {
            ENDS[node] = true;
            node = tree[node][1];
        }
    }

    private static int step(int[][] tree, int state, int nibble) {
        int node = state;
        int emitted = 0;
        for (int bit = 3; bit >= 0; bit--) {
            int next = tree[node][nibble >>> bit & 1];
            if (next == -2 - END_OF_STRING || next == -1) {
                return WRONG;
            }
            if (next < 0) {
                emitted = EMITS | (-2 - next) << SYMBOL_SHIFT;
                next = 0;
            }
            node = next;
        }
        return emitted | node;
    }

    /** The most bytes that {@code encoded} bytes can stand for. */
    static int bound(int encoded) {
        return encoded * 8 / SHORTEST;
    }

    /** Writes what {@code [from, to)} stands for to {@code out}, which has room; returns its end, or -1 when it is wrong. */
    static int decode(byte[] in, int from, int to, byte[] out, int at) {
        int state = 0;
        int end = at;
        for (int i = from; i < to; i++) {
            int step = STEPS[state << 4 | (in[i] >>> 4 & 15)];
            if ((step & EMITS) != 0) {
                out[end++] = (byte) (step >>> SYMBOL_SHIFT);
            }
            int second = STEPS[(step & STATE_MASK) << 4 | (in[i] & 15)];
            if ((second & EMITS) != 0) {
                out[end++] = (byte) (second >>> SYMBOL_SHIFT);
            }
            if (((step | second) & WRONG) != 0) {
                return -1;
            }
            state = second & STATE_MASK;
        }
        return ENDS[state] ? end : -1;
    }
}
