package io.plinth.kvcache.keyspace;

/** Owned by the thread that runs a command: the segments it needs, locked in ascending order so that none waits in a circle. */
public final class SegmentSet {
    private static final int WORDS = Keyspace.SEGMENTS / Long.SIZE;

    private final long[] bits = new long[WORDS];

    /** Adds the segment of a slot. */
    public void add(int slot) {
        int segment = slot & Keyspace.SEGMENTS - 1;
        bits[segment >> 6] |= 1L << segment;
    }

    /** Adds every segment. */
    public void addAll() {
        java.util.Arrays.fill(bits, -1L);
    }

    /** Visits each segment. */
    public void forEach(Keyspace keyspace, java.util.function.Consumer<Segment> visitor) {
        for (int word = 0; word < WORDS; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                visitor.accept(keyspace.at(word << 6 | Long.numberOfTrailingZeros(rest)));
            }
        }
    }

    /** Locks them. */
    public void lock(Keyspace keyspace) {
        for (int word = 0; word < WORDS; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                keyspace.at(word << 6 | Long.numberOfTrailingZeros(rest)).lock();
            }
        }
    }

    /** Unlocks them and forgets them. */
    public void unlock(Keyspace keyspace) {
        for (int word = 0; word < WORDS; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                keyspace.at(word << 6 | Long.numberOfTrailingZeros(rest)).unlock();
            }
            bits[word] = 0;
        }
    }

    /** Tells the locked segments which unit their changes belong to. */
    public void unit(Keyspace keyspace, long unit) {
        for (int word = 0; word < WORDS; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                keyspace.at(word << 6 | Long.numberOfTrailingZeros(rest)).unit(unit);
            }
        }
    }
}
