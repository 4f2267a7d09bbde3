package io.plinth.kvcache.pattern;

import java.util.Arrays;

/** Guarded by its segment's lock: hashes in the order they came; those whose key went are met when their turn comes. */
final class HashQueue {
    private static final int LEAST = 8;

    private int[] hashes = new int[LEAST];
    private int head;
    private int count;
    /** How many of the keys are there. */
    int live;

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

    void clear() {
        hashes = new int[LEAST];
        head = 0;
        count = 0;
    }
}
