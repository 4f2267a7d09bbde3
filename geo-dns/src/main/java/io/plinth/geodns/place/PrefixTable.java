package io.plinth.geodns.place;

import java.util.Arrays;

/**
 * Addresses of one width to small numbers by longest prefix: a binary trie in one array. Sibling prefixes with the same
 * number are one, so the depth of a lookup is the widest prefix for which the answer holds. Immutable.
 */
final class PrefixTable {
    /** Two for each branch: another branch's number, or the complement of a value. */
    private final int[] branches;

    private final int root;

    private PrefixTable(int[] branches, int root) {
        this.branches = branches;
        this.root = root;
    }

    /**
     * The value for the address that begins at octet {@code from}, shifted left by 8, and in the lower 8 bits how many
     * bits of it decided.
     */
    int find(byte[] address, int from) {
        int reference = root;
        int depth = 0;
        while (reference >= 0) {
            int bit = (address[from + (depth >>> 3)] >>> (7 - (depth & 7))) & 1;
            reference = branches[(reference << 1) + bit];
            depth++;
        }
        return (~reference << 8) | depth;
    }

    /** How many branches it has, for reports. */
    int size() {
        return branches.length / 2;
    }

    /** Owned by the thread that loads. */
    static final class Builder {
        private int[] branches = {~0, ~0};
        private int size = 1;

        /** Everything has the value 0 until said otherwise; a later, longer prefix cuts into an earlier one. */
        void put(byte[] address, int prefix, int value) {
            if (prefix == 0) {
                branches[0] = ~value;
                branches[1] = ~value;
                return;
            }
            int branch = 0;
            for (int depth = 0; depth < prefix - 1; depth++) {
                int slot = (branch << 1) + bit(address, depth);
                int next = branches[slot];
                if (next < 0) {
                    next = split(next);
                    branches[slot] = next;
                }
                branch = next;
            }
            branches[(branch << 1) + bit(address, prefix - 1)] = ~value;
        }

        private static int bit(byte[] address, int depth) {
            return (address[depth >>> 3] >>> (7 - (depth & 7))) & 1;
        }

        private int split(int leaf) {
            if (size * 2 == branches.length) {
                branches = Arrays.copyOf(branches, Math.max(64, branches.length * 2));
            }
            branches[size * 2] = leaf;
            branches[size * 2 + 1] = leaf;
            return size++;
        }

        PrefixTable build() {
            int[] merged = new int[size * 2];
            int[] used = {0};
            int top = merge(0, merged, used);
            return new PrefixTable(Arrays.copyOf(merged, used[0] * 2), top);
        }

        /** At most as deep as an address has bits. */
        private int merge(int reference, int[] merged, int[] used) {
            if (reference < 0) {
                return reference;
            }
            int left = merge(branches[reference << 1], merged, used);
            int right = merge(branches[(reference << 1) + 1], merged, used);
            if (left == right && left < 0) {
                return left;
            }
            int branch = used[0]++;
            merged[branch << 1] = left;
            merged[(branch << 1) + 1] = right;
            return branch;
        }
    }
}
