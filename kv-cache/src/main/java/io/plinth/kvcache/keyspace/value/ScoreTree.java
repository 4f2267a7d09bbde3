package io.plinth.kvcache.keyspace.value;

import java.util.Arrays;

/**
 * Guarded by its key's segment lock: positions of a table's members, ordered by score and then by bytes, in sorted blocks of up to
 * 128. Scores and bytes are the table's; the first score of each block is here as well. Places are ranks; the count of members
 * before each block is kept up to the first block that changed since it was last asked for.
 */
final class ScoreTree {
    private static final int BLOCK = 128;
    private static final int LEAST = 8;
    /** A block of so few goes together with the next. */
    private static final int FEW = BLOCK / 8;

    private static final int OBJECTS = 120;
    /** Of each block: its array's head, its name, how many it has, its first score and how many come before. */
    private static final int PER_BLOCK = 16 + 8 + 4 + 8 + 4;

    private static final int[] NONE = {};

    private final ElementTable table;
    private int[][] blocks = new int[2][];
    private int[] sizes = new int[2];
    private double[] firsts = new double[2];
    private int[] starts = new int[2];
    private int count;
    /** How many of {@link #starts} are right; the first always is. */
    private int known = 1;

    private int size;
    /** How many positions the blocks have room for. */
    private long room;

    /** Sees a member in order. */
    @FunctionalInterface
    interface Visitor {
        void visit(byte[] member, double score);
    }

    /** Of members of this table, whose numbers are their scores. */
    ScoreTree(ElementTable table) {
        this.table = table;
    }

    int size() {
        return size;
    }

    /** What it takes beside the table. */
    long bytes() {
        return OBJECTS + (long) PER_BLOCK * sizes.length + (room << 2);
    }

    private double score(int position) {
        return Double.longBitsToDouble(table.number(position));
    }

    private int compare(double own, int position, double score, byte[] member) {
        if (own != score) {
            return own < score ? -1 : 1;
        }
        return table.compare(position, member);
    }

    /** The place in a block of the first that is not smaller. */
    private int search(int at, double score, byte[] member) {
        int[] block = blocks[at];
        int low = 0;
        int high = sizes[at];
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (compare(score(block[middle]), block[middle], score, member) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private int block(double score, byte[] member) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (compare(firsts[middle], blocks[middle][0], score, member) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Adds a member of the table that is not here. */
    void add(double score, byte[] member, int position) {
        if (count == 0) {
            open(0, new int[LEAST], 0);
        }
        int at = block(score, member);
        int to = search(at, score, member);
        int[] block = blocks[at];
        int held = sizes[at];
        if (held == block.length) {
            block = resized(at, Math.min(BLOCK, held + Math.max(LEAST, held >> 2)));
        }
        System.arraycopy(block, to, block, to + 1, held - to);
        block[to] = position;
        sizes[at] = held + 1;
        size++;
        if (to == 0) {
            firsts[at] = score;
        }
        changed(at);
        if (held + 1 == BLOCK) {
            split(at);
        }
    }

    private int[] resized(int at, int length) {
        room += length - blocks[at].length;
        blocks[at] = Arrays.copyOf(blocks[at], length);
        return blocks[at];
    }

    /** Puts a block in before another. */
    private void open(int at, int[] block, int held) {
        if (count == blocks.length) {
            int more = count + Math.max(2, count >> 2);
            blocks = Arrays.copyOf(blocks, more);
            sizes = Arrays.copyOf(sizes, more);
            firsts = Arrays.copyOf(firsts, more);
            starts = Arrays.copyOf(starts, more);
        }
        System.arraycopy(blocks, at, blocks, at + 1, count - at);
        System.arraycopy(sizes, at, sizes, at + 1, count - at);
        System.arraycopy(firsts, at, firsts, at + 1, count - at);
        blocks[at] = block;
        sizes[at] = held;
        count++;
        room += block.length;
        if (held > 0) {
            firsts[at] = score(block[0]);
        }
    }

    /** What comes in order stays in blocks that are nearly full. */
    private void split(int at) {
        int[] block = blocks[at];
        int half = at == count - 1 ? BLOCK - BLOCK / 8 : BLOCK / 2;
        sizes[at] = half;
        open(at + 1, Arrays.copyOfRange(block, half, BLOCK), BLOCK - half);
        resized(at, half + LEAST);
    }

    private void close(int at) {
        room -= blocks[at].length;
        count--;
        System.arraycopy(blocks, at + 1, blocks, at, count - at);
        System.arraycopy(sizes, at + 1, sizes, at, count - at);
        System.arraycopy(firsts, at + 1, firsts, at, count - at);
        blocks[count] = NONE;
        if (blocks.length > 2 * LEAST && count < blocks.length / 2) {
            int fewer = count + (count >> 2);
            blocks = Arrays.copyOf(blocks, fewer);
            sizes = Arrays.copyOf(sizes, fewer);
            firsts = Arrays.copyOf(firsts, fewer);
            starts = Arrays.copyOf(starts, fewer);
        }
    }

    /** Removes a member that is here with this score, which the table still has. */
    void remove(double score, byte[] member) {
        int at = block(score, member);
        int from = search(at, score, member);
        int[] block = blocks[at];
        int held = sizes[at] - 1;
        System.arraycopy(block, from + 1, block, from, held - from);
        sizes[at] = held;
        size--;
        changed(at);
        if (held == 0) {
            close(at);
            return;
        }
        if (from == 0) {
            firsts[at] = score(block[0]);
        }
        if (held < FEW && at + 1 < count && held + sizes[at + 1] <= BLOCK / 2) {
            int[] both = resized(at, held + sizes[at + 1] + LEAST);
            System.arraycopy(blocks[at + 1], 0, both, held, sizes[at + 1]);
            sizes[at] = held + sizes[at + 1];
            close(at + 1);
        } else if (block.length > 2 * LEAST && held < block.length / 2) {
            resized(at, held + LEAST);
        }
    }

    /** The table's positions have other numbers: position {@code i} is now one less than what is at {@code i + 1}. */
    void renumber(int[] moved) {
        for (int i = 0; i < count; i++) {
            int[] block = blocks[i];
            for (int j = 0; j < sizes[i]; j++) {
                block[j] = moved[block[j] + 1] - 1;
            }
        }
    }

    private void changed(int block) {
        known = Math.min(known, block + 1);
    }

    private int start(int block) {
        for (int i = known; i <= block; i++) {
            starts[i] = starts[i - 1] + sizes[i - 1];
        }
        known = Math.max(known, block + 1);
        return starts[block];
    }

    /** How many members come before this one. */
    int rank(double score, byte[] member) {
        if (count == 0) {
            return 0;
        }
        int at = block(score, member);
        return start(at) + search(at, score, member);
    }

    private static boolean below(double own, double score, boolean inclusive) {
        return inclusive ? own <= score : own < score;
    }

    /** How many members have a smaller score, or with {@code inclusive} not a larger one. */
    int below(double score, boolean inclusive) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (below(score(blocks[middle][sizes[middle] - 1]), score, inclusive)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == count) {
            return size;
        }
        int[] block = blocks[low];
        int from = 0;
        int to = sizes[low];
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (below(score(block[middle]), score, inclusive)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return start(low) + from;
    }

    /** Where all scores are equal: how many members are smaller, or with {@code inclusive} not larger. */
    int belowMember(byte[] member, boolean inclusive) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            int at = blockAt(middle);
            int order = table.compare(blocks[at][middle - starts[at]], member);
            if (order < 0 || (inclusive && order == 0)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private int blockAt(int rank) {
        start(count - 1);
        int at = Arrays.binarySearch(starts, 0, count, rank);
        return at >= 0 ? at : -at - 2;
    }

    /** Visits {@code number} members from a rank on, upwards or downwards. */
    void range(int from, int number, boolean down, Visitor visitor) {
        if (number <= 0) {
            return;
        }
        int at = blockAt(from);
        int i = from - starts[at];
        for (int left = number; left > 0; left--) {
            int position = blocks[at][i];
            visitor.visit(table.member(position), score(position));
            i += down ? -1 : 1;
            if (i < 0 && at > 0) {
                at--;
                i = sizes[at] - 1;
            } else if (i == sizes[at]) {
                at++;
                i = 0;
            }
        }
    }
}
