package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.KeyTable;

/**
 * Guarded by its segment's lock: S3-FIFO (Yang et al., SOSP 2023). New keys enter a small queue; those used again by the time
 * they reach its end move to the main queue, the others leave and are remembered as ghosts; a ghost that returns enters the main
 * queue at once. The main queue gives a used key another round.
 *
 * <p>How large the small queue may be follows what returns: a key that left it lately speaks for more, one that left the main queue
 * lately for less. So it is small while favourites last, and keeps more of what is new when they change, where a fixed tenth hits
 * less often than LRU.
 *
 * <p>The queues hold hashes; a record says which queue it is in. What was removed leaves its hash behind, which is skipped when
 * its turn comes, and swept when such hashes outnumber the records.
 */
public final class S3Fifo {
    private static final double FIRST_SHARE = 0.1;
    private static final double LEAST_SHARE = 0.05;
    private static final double LARGEST_SHARE = 0.5;
    private static final double STEP = 0.005;
    /** One in so many of the keys that are there: as many that left are those that left lately. */
    private static final int LATELY = 10;

    /** Keeps one eviction short when every key of the main queue was used. */
    private static final int MAX_ROUNDS = 128;

    private static final int SLACK = 64;

    private final Records records;
    private final Uses uses;
    private final Queue small = new Queue(Uses.SMALL);
    private final Queue main = new Queue(Uses.MAIN);
    private final Ghosts ghosts = new Ghosts();
    private final Ghosts mainGhosts = new Ghosts();
    private double share = FIRST_SHARE;

    /** Over the records of one segment. */
    public S3Fifo(Records records) {
        this.records = records;
        this.uses = records.uses();
    }

    /** A key is there that was not. */
    public void added(int hash, int handle) {
        int lately = Math.max(1, (small.count + main.count) / LATELY);
        int age = ghosts.take(hash);
        if (age >= 0) {
            share = age < lately ? Math.min(LARGEST_SHARE, share + STEP) : share;
            main.push(hash, handle);
            return;
        }
        int mainAge = mainGhosts.take(hash);
        if (mainAge >= 0 && mainAge < lately) {
            share = Math.max(LEAST_SHARE, share - STEP);
        }
        small.push(hash, handle);
    }

    /** A key goes. */
    public void removed(int handle) {
        int queue = uses.queue(handle);
        if (queue != Uses.UNLINKED) {
            (queue == Uses.SMALL ? small : main).forget(handle);
        }
    }

    /** A key takes more or less than before. */
    public void resized(int handle, long delta) {
        int queue = uses.queue(handle);
        if (queue != Uses.UNLINKED) {
            (queue == Uses.SMALL ? small : main).bytes += delta;
        }
    }

    /** The key to evict next, its hash above its handle, to be removed by the caller; 0 when nothing may be evicted. */
    public long victim() {
        for (int round = 0; ; round++) {
            boolean fromSmall =
                    main.count == 0 || (small.count > 0 && small.bytes >= share * (small.bytes + main.bytes));
            long first = (fromSmall ? small : main).pop();
            if (first == 0) {
                return 0;
            }
            int handle = KeyTable.handle(first);
            int hash = KeyTable.hash(first);
            int frequency = uses.frequency(handle);
            if (fromSmall && frequency > 0) {
                small.forget(handle);
                uses.frequency(handle, 0);
                main.push(hash, handle);
            } else if (fromSmall) {
                ghosts.add(hash, small.count + main.count);
                return first;
            } else if (frequency == 0 || round >= MAX_ROUNDS) {
                mainGhosts.add(hash, (small.count + main.count) / LATELY);
                return first;
            } else {
                main.forget(handle);
                uses.frequency(handle, 0);
                main.push(hash, handle);
            }
        }
    }

    /** Forgets everything; the records know of no queue by then. */
    public void clear() {
        small.clear();
        main.clear();
    }

    /** What the queued keys take. */
    public long bytes() {
        return small.bytes + main.bytes;
    }

    /** How many hashes it holds, those of removed keys included. */
    int hashes() {
        return small.hashes.size() + main.hashes.size();
    }

    /** One of the two queues. */
    private final class Queue {
        private final int mark;
        private final HashRing hashes = new HashRing();
        private long bytes;
        private int count;

        Queue(int mark) {
            this.mark = mark;
        }

        void push(int hash, int handle) {
            uses.queue(handle, mark);
            if (hashes.size() > 2 * count + SLACK) {
                sweep();
            }
            hashes.push(hash);
            bytes += records.bytes(handle);
            count++;
        }

        void forget(int handle) {
            uses.queue(handle, Uses.UNLINKED);
            bytes -= records.bytes(handle);
            count--;
        }

        /** The first record, which stays counted; 0 when there is none. */
        long pop() {
            while (hashes.size() > 0 && count > 0) {
                long found = records.hashed().queued(hashes.pop(), mark, false);
                if (found != 0) {
                    return found;
                }
            }
            return 0;
        }

        /** Keeps the last hash of each record that is queued here. */
        private void sweep() {
            int[] kept = new int[hashes.size()];
            int from = kept.length;
            for (int i = hashes.size() - 1; i >= 0; i--) {
                long found = records.hashed().queued(hashes.get(i), mark, false);
                if (found != 0) {
                    uses.mark(KeyTable.handle(found), true);
                    kept[--from] = hashes.get(i);
                }
            }
            hashes.set(kept, from);
            for (int i = 0; i < hashes.size(); i++) {
                uses.mark(KeyTable.handle(records.hashed().queued(hashes.get(i), mark, true)), false);
            }
        }

        void clear() {
            hashes.set(new int[0], 0);
            bytes = 0;
            count = 0;
        }
    }

    /** The hashes that left a queue lately: direct-mapped, each with the time it left, counted in leavings. */
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

        /** How many left after it, and forgets it; -1 where it is not remembered. */
        int take(int hash) {
            if (slots.length == 0) {
                return -1;
            }
            int i = hash & slots.length - 1;
            long slot = slots[i];
            if (slot == 0 || (int) (slot >> 32) != hash || clock - (int) slot >= slots.length) {
                return -1;
            }
            slots[i] = 0;
            return clock - (int) slot;
        }
    }
}
