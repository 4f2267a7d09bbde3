package io.plinth.kvcache.keyspace;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that runs a command: the segments it needs, locked in ascending order so that none waits in a circle. */
public final class SegmentSet {
    private static final int WORDS = Keyspace.SEGMENTS / Long.SIZE;

    private final long[] bits = new long[WORDS];
    private long unit;

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

    /** Whether the segment of a slot is one of them. */
    public boolean has(int slot) {
        int segment = slot & Keyspace.SEGMENTS - 1;
        return (bits[segment >> 6] & 1L << segment) != 0;
    }

    /**
     * Locks them. While it waits for one it holds none of the others, so that a script which holds that one and needs these
     * comes to its end. {@link SegmentsHeldException} where that would take long; then it holds none.
     */
    public void lock(Keyspace keyspace) {
        int first = tryAll(keyspace, -1);
        while (first >= 0) {
            try {
                keyspace.at(first).lock();
            } catch (SegmentsHeldException e) {
                java.util.Arrays.fill(bits, 0);
                throw e;
            }
            first = tryAll(keyspace, first);
        }
    }

    /** Locks all but one that is held already; answers the one that could not be had, and then holds none, or -1. */
    private int tryAll(Keyspace keyspace, int held) {
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            if (bits[i >> 6] >>> i == 0) {
                i |= Long.SIZE - 1;
                continue;
            }
            if (i == held || (bits[i >> 6] & 1L << i) == 0 || keyspace.at(i).tryLock()) {
                continue;
            }
            for (int k = 0; k < i; k++) {
                if (k != held && (bits[k >> 6] & 1L << k) != 0) {
                    keyspace.at(k).unlock();
                }
            }
            if (held >= 0) {
                keyspace.at(held).unlock();
            }
            return i;
        }
        return -1;
    }

    /** Locks one more while the others are held; answers false where it would have to wait and may not. */
    public boolean extend(Keyspace keyspace, int slot, boolean wait) {
        int segment = slot & Keyspace.SEGMENTS - 1;
        if (wait) {
            keyspace.at(segment).lock();
        } else if (!keyspace.at(segment).tryLock()) {
            return false;
        }
        bits[segment >> 6] |= 1L << segment;
        if (unit != 0) {
            keyspace.at(segment).changes().unit(unit);
        }
        return true;
    }

    /** Locks all that are not held; only for who has the turn. */
    public void extendToAll(Keyspace keyspace) {
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            if (!has(i)) {
                extend(keyspace, i, true);
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

    /** Whether changes in one that this thread has locked are part of a unit now. */
    public boolean inUnit(Keyspace keyspace) {
        boolean[] any = new boolean[1];
        forEach(
                keyspace,
                segment -> any[0] |= segment.held() && segment.changes().inUnit());
        return any[0];
    }

    /** Makes changes, with all of these locked, that count together: after a crash all of them are there, or none. */
    public void together(Keyspace keyspace, Runnable changes) {
        if (inUnit(keyspace)) {
            changes.run();
            return;
        }
        unit(keyspace, keyspace.nextUnit());
        try {
            changes.run();
        } finally {
            unit(keyspace, 0);
        }
    }

    /** Tells the locked segments, and those locked on top of them, which unit their changes belong to. */
    public void unit(Keyspace keyspace, long unit) {
        this.unit = unit;
        for (int word = 0; word < WORDS; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                keyspace.at(word << 6 | Long.numberOfTrailingZeros(rest))
                        .changes()
                        .unit(unit);
            }
        }
    }

    /** A command of one segment, whose lock is held, begins: who listens may want its changes together. */
    public static void begin(Keyspace keyspace, Segment segment) {
        if (segment.changes().wholeCommands()) {
            segment.changes().unit(keyspace.nextUnit());
        }
    }

    /** It ended. */
    public static void end(Segment segment) {
        segment.changes().unit(0);
    }

    /** Has changes of one segment, whose lock is held, count together or not at all. */
    public static <T extends @Nullable Object> T together(Keyspace keyspace, Segment segment, Supplier<T> changes) {
        if (segment.changes().inUnit()) {
            return changes.get();
        }
        segment.changes().unit(keyspace.nextUnit());
        try {
            return changes.get();
        } finally {
            segment.changes().unit(0);
        }
    }
}
