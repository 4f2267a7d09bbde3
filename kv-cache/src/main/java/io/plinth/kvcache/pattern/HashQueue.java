package io.plinth.kvcache.pattern;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntPredicate;

/** Guarded by its segment's lock: hashes in the order they came; those whose key went are met when their turn comes. */
final class HashQueue {
    private static final int LEAST = 8;

    private int[] hashes = new int[LEAST];
    private int head;
    private int count;
    /** How many of the keys are there. */
    int live;
    /** What they take. */
    long bytes;

    int count() {
        return count;
    }

    void push(int hash) {
        if (count == hashes.length) {
            int[] more = Arrays.copyOf(hashes, count << 1);
            for (int i = 0; i < count; i++) {
                more[i] = hashes[head + i & hashes.length - 1];
            }
            hashes = more;
            head = 0;
        }
        hashes[head + count & hashes.length - 1] = hash;
        count++;
    }

    int pop() {
        int hash = hashes[head];
        head = head + 1 & hashes.length - 1;
        count--;
        return hash;
    }

    /** Keeps of each hash the last, and only those that are wanted, in their order. */
    void keep(IntPredicate wanted) {
        int[] all = new int[count];
        int kept = 0;
        Set<Integer> seen = new HashSet<>();
        for (int i = count - 1; i >= 0; i--) {
            int hash = hashes[head + i & hashes.length - 1];
            if (seen.add(hash) && wanted.test(hash)) {
                all[kept++] = hash;
            }
        }
        hashes = new int[LEAST];
        head = 0;
        count = 0;
        while (kept > 0) {
            push(all[--kept]);
        }
    }
}
