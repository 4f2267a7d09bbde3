package io.plinth.kvcache.keyspace.store;

import java.util.Arrays;

/** Guarded by its segment's lock: a queue of hashes. */
final class HashRing {
    private static final int LEAST = 16;

    private int[] hashes = new int[LEAST];
    private int head;
    private int size;

    int size() {
        return size;
    }

    /** Puts one at the end. */
    void push(int hash) {
        if (size == hashes.length) {
            int[] more = new int[size << 1];
            for (int i = 0; i < size; i++) {
                more[i] = get(i);
            }
            hashes = more;
            head = 0;
        }
        hashes[(head + size) & (hashes.length - 1)] = hash;
        size++;
    }

    /** Takes the first; there is one. */
    int pop() {
        int hash = hashes[head];
        head = (head + 1) & (hashes.length - 1);
        size--;
        return hash;
    }

    /** The one so many behind the first. */
    int get(int index) {
        return hashes[(head + index) & (hashes.length - 1)];
    }

    /** Holds these, the first of them at {@code from}, and nothing else. */
    void set(int[] next, int from) {
        int count = next.length - from;
        int capacity = Math.max(LEAST, Integer.highestOneBit(Math.max(1, count - 1)) << 1);
        hashes = Arrays.copyOf(Arrays.copyOfRange(next, from, next.length), capacity);
        head = 0;
        size = count;
    }
}
