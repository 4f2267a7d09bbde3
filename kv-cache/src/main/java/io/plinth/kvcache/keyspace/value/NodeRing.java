package io.plinth.kvcache.keyspace.value;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Owned by one list: its nodes in their order, in a ring, so that one at either end comes and goes without moving the others. */
final class NodeRing {
    private static final int SMALLEST = 2;

    private @Nullable ListPack[] ring = new ListPack[SMALLEST];
    private int head;
    private int count;

    int count() {
        return count;
    }

    /** What the ring takes, without its nodes. */
    long bytes() {
        return Value.arrayBytes(4L * ring.length);
    }

    /** A node, the first is 0. */
    ListPack node(int number) {
        return Objects.requireNonNull(ring[head + number & ring.length - 1]);
    }

    private void put(int number, @Nullable ListPack node) {
        ring[head + number & ring.length - 1] = node;
    }

    /** Puts one in at a number that it and those from there on have from now on. */
    void insert(int number, ListPack node) {
        if (count == ring.length) {
            resize(count << 1);
        }
        if (number < count / 2) {
            head = head - 1 & ring.length - 1;
            for (int i = 0; i < number; i++) {
                put(i, node(i + 1));
            }
        } else {
            for (int i = count; i > number; i--) {
                put(i, node(i - 1));
            }
        }
        put(number, node);
        count++;
    }

    /** Takes so many out; those behind or before them close the gap once. */
    void cut(int number, int gone) {
        int behind = count - number - gone;
        if (number < behind) {
            for (int i = number - 1; i >= 0; i--) {
                put(i + gone, node(i));
            }
            for (int i = 0; i < gone; i++) {
                put(i, null);
            }
            head = head + gone & ring.length - 1;
        } else {
            for (int i = number; i < number + behind; i++) {
                put(i, node(i + gone));
            }
            for (int i = count - gone; i < count; i++) {
                put(i, null);
            }
        }
        count -= gone;
        int length = ring.length;
        while (length > SMALLEST && count < length / 4) {
            length /= 2;
        }
        if (length < ring.length) {
            resize(length);
        }
    }

    private void resize(int length) {
        @Nullable ListPack[] next = new ListPack[length];
        for (int i = 0; i < count; i++) {
            next[i] = node(i);
        }
        ring = next;
        head = 0;
    }
}
