package io.plinth.kvcache.keyspace;

import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: S3-FIFO (Yang et al., SOSP 2023). New keys enter a small queue; those used more than once
 * by the time they reach its end move to the main queue, the others leave and are remembered as ghosts; a ghost that
 * returns enters the main queue at once. The main queue gives a used key another round.
 */
final class S3Fifo {
    private static final int SMALL_SHARE = 10;
    private static final int PROMOTED_ABOVE = 1;
    /** Keeps one eviction short when every key of the main queue was used. */
    private static final int MAX_ROUNDS = 128;

    private final Queue small = new Queue(Entry.SMALL);
    private final Queue main = new Queue(Entry.MAIN);
    private final Ghosts ghosts = new Ghosts();

    void added(Entry entry) {
        (ghosts.take(entry.hash) ? main : small).push(entry, entry.bytes());
    }

    void removed(Entry entry) {
        if (entry.queue != Entry.UNLINKED) {
            (entry.queue == Entry.SMALL ? small : main).unlink(entry, entry.bytes());
        }
    }

    void resized(Entry entry, long delta) {
        if (entry.queue != Entry.UNLINKED) {
            (entry.queue == Entry.SMALL ? small : main).bytes += delta;
        }
    }

    /** The entry to evict next, still linked; null when nothing may be evicted. */
    @Nullable
    Entry victim() {
        for (int round = 0; ; round++) {
            boolean fromSmall = small.bytes * SMALL_SHARE >= small.bytes + main.bytes || main.tail == null;
            Entry entry = fromSmall ? small.tail : main.tail;
            if (entry == null) {
                return null;
            }
            if (fromSmall && entry.frequency > PROMOTED_ABOVE) {
                small.unlink(entry, entry.bytes());
                entry.frequency = 0;
                main.push(entry, entry.bytes());
            } else if (fromSmall) {
                ghosts.add(entry.hash, small.count + main.count);
                return entry;
            } else if (entry.frequency == 0 || round >= MAX_ROUNDS) {
                return entry;
            } else {
                main.unlink(entry, entry.bytes());
                entry.frequency--;
                main.push(entry, entry.bytes());
            }
        }
    }

    void clear() {
        small.clear();
        main.clear();
    }

    long bytes() {
        return small.bytes + main.bytes;
    }

    int count() {
        return small.count + main.count;
    }

    /** A doubly linked queue through the entries themselves. */
    private static final class Queue {
        private final byte mark;
        private @Nullable Entry head;
        private @Nullable Entry tail;
        private long bytes;
        private int count;

        Queue(byte mark) {
            this.mark = mark;
        }

        void push(Entry entry, long size) {
            entry.queue = mark;
            entry.next = head;
            entry.previous = null;
            if (head != null) {
                head.previous = entry;
            } else {
                tail = entry;
            }
            head = entry;
            bytes += size;
            count++;
        }

        void unlink(Entry entry, long size) {
            Entry before = entry.previous;
            Entry after = entry.next;
            if (before != null) {
                before.next = after;
            } else {
                head = after;
            }
            if (after != null) {
                after.previous = before;
            } else {
                tail = before;
            }
            entry.previous = null;
            entry.next = null;
            entry.queue = Entry.UNLINKED;
            bytes -= size;
            count--;
        }

        void clear() {
            head = null;
            tail = null;
            bytes = 0;
            count = 0;
        }
    }

    /** The hashes that left the small queue lately: direct-mapped, each with the time it left, counted in leavings. */
    private static final class Ghosts {
        private static final int MIN = 16;
        private static final int MAX = 1 << 20;

        private long[] slots = new long[0];
        private int clock;

        void add(int hash, int resident) {
            if (slots.length < MAX && slots.length < Math.max(MIN, resident)) {
                slots = new long[Math.max(MIN, Integer.highestOneBit(resident) << 1)];
            }
            clock++;
            slots[hash & slots.length - 1] = (long) hash << 32 | (clock & 0xffff_ffffL);
        }

        boolean take(int hash) {
            if (slots.length == 0) {
                return false;
            }
            int i = hash & slots.length - 1;
            long slot = slots[i];
            if (slot == 0 || (int) (slot >> 32) != hash || clock - (int) slot >= slots.length) {
                return false;
            }
            slots[i] = 0;
            return true;
        }
    }
}
