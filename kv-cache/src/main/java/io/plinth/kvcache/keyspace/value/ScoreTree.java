package io.plinth.kvcache.keyspace.value;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Guarded by its key's segment lock: members ordered by score and then by bytes, in sorted blocks of up to 128. Places are
 * ranks; the count of members before each block is kept up to the first block that changed since it was last asked for.
 */
final class ScoreTree {
    private static final int BLOCK = 128;
    private static final int PER_BLOCK = 96;

    private final List<Block> blocks = new ArrayList<>();
    private int[] starts = new int[4];
    /** How many of {@link #starts} are right; the first always is. */
    private int known = 1;

    private int size;

    private static final class Block {
        private double[] scores = new double[16];
        private byte[][] members = new byte[16][];
        private int size;

        int search(double score, byte[] member) {
            int low = 0;
            int high = size;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (compare(scores[middle], members[middle], score, member) < 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        void insert(int at, double score, byte[] member) {
            if (size == scores.length) {
                scores = Arrays.copyOf(scores, size << 1);
                members = Arrays.copyOf(members, size << 1);
            }
            System.arraycopy(scores, at, scores, at + 1, size - at);
            System.arraycopy(members, at, members, at + 1, size - at);
            scores[at] = score;
            members[at] = member;
            size++;
        }

        void remove(int at) {
            size--;
            System.arraycopy(scores, at + 1, scores, at, size - at);
            System.arraycopy(members, at + 1, members, at, size - at);
        }

        Block split() {
            Block second = new Block();
            int half = size / 2;
            second.scores = Arrays.copyOfRange(scores, half, half + BLOCK);
            second.members = Arrays.copyOfRange(members, half, half + BLOCK);
            second.size = size - half;
            size = half;
            return second;
        }
    }

    /** Sees a member in order. */
    @FunctionalInterface
    interface Visitor {
        void visit(byte[] member, double score);
    }

    static int compare(double score, byte[] member, double otherScore, byte[] otherMember) {
        if (score != otherScore) {
            return score < otherScore ? -1 : 1;
        }
        return Arrays.compareUnsigned(member, otherMember);
    }

    int size() {
        return size;
    }

    /** What it takes beside the members themselves. */
    long bytes() {
        return 16L * size + (long) PER_BLOCK * blocks.size();
    }

    private int block(double score, byte[] member) {
        int low = 0;
        int high = blocks.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            Block block = blocks.get(middle);
            if (compare(block.scores[0], block.members[0], score, member) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Adds a member that is not there. */
    void add(double score, byte[] member) {
        if (blocks.isEmpty()) {
            blocks.add(new Block());
        }
        int at = block(score, member);
        Block block = blocks.get(at);
        block.insert(block.search(score, member), score, member);
        size++;
        changed(at);
        if (block.size == BLOCK) {
            blocks.add(at + 1, block.split());
        }
    }

    /** Removes a member that is there with this score. */
    void remove(double score, byte[] member) {
        int at = block(score, member);
        Block block = blocks.get(at);
        block.remove(block.search(score, member));
        size--;
        changed(at);
        if (block.size == 0) {
            blocks.remove(at);
        }
    }

    private void changed(int block) {
        known = Math.min(known, block + 1);
    }

    private int start(int block) {
        if (known <= block) {
            if (starts.length <= blocks.size()) {
                starts = Arrays.copyOf(starts, blocks.size() + blocks.size() / 2 + 1);
            }
            for (int i = known; i <= block; i++) {
                starts[i] = starts[i - 1] + blocks.get(i - 1).size;
            }
            known = block + 1;
        }
        return starts[block];
    }

    /** How many members come before this one. */
    int rank(double score, byte[] member) {
        if (blocks.isEmpty()) {
            return 0;
        }
        int at = block(score, member);
        return start(at) + blocks.get(at).search(score, member);
    }

    /** How many members have a smaller score, or with {@code inclusive} not a larger one. */
    int below(double score, boolean inclusive) {
        int low = 0;
        int high = blocks.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            double last = blocks.get(middle).scores[blocks.get(middle).size - 1];
            if (inclusive ? last <= score : last < score) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == blocks.size()) {
            return size;
        }
        Block block = blocks.get(low);
        int i = 0;
        while (inclusive ? block.scores[i] <= score : block.scores[i] < score) {
            i++;
        }
        return start(low) + i;
    }

    /** Where all scores are equal: how many members are smaller, or with {@code inclusive} not larger. */
    int belowMember(byte[] member, boolean inclusive) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            int order = Arrays.compareUnsigned(memberAt(middle), member);
            if (order < 0 || (inclusive && order == 0)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private int blockAt(int rank) {
        start(blocks.size() - 1);
        int at = Arrays.binarySearch(starts, 0, blocks.size(), rank);
        return at >= 0 ? at : -at - 2;
    }

    byte[] memberAt(int rank) {
        int at = blockAt(rank);
        return blocks.get(at).members[rank - starts[at]];
    }

    double scoreAt(int rank) {
        int at = blockAt(rank);
        return blocks.get(at).scores[rank - starts[at]];
    }

    /** Visits {@code count} members from a rank on, upwards or downwards. */
    void range(int from, int count, boolean down, Visitor visitor) {
        if (count <= 0) {
            return;
        }
        int at = blockAt(from);
        int i = from - starts[at];
        for (int left = count; left > 0; left--) {
            Block block = blocks.get(at);
            visitor.visit(block.members[i], block.scores[i]);
            i += down ? -1 : 1;
            if (i < 0 && at > 0) {
                at--;
                i = blocks.get(at).size - 1;
            } else if (i == block.size) {
                at++;
                i = 0;
            }
        }
    }
}
