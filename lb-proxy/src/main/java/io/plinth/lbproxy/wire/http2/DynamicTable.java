package io.plinth.lbproxy.wire.http2;

import java.util.Arrays;

/** A dynamic table of RFC 7541 2.3.2: a ring of entries, the newest first. Owned by its connection's event loop. */
final class DynamicTable {
    /** RFC 7541 4.1: what an entry counts beside its bytes. */
    static final int OVERHEAD = 32;

    private static final int INITIAL = 16;
    private static final byte[] NOTHING = {};

    private byte[][] entries = empty(INITIAL);
    private int[] nameLengths = new int[INITIAL];
    private int count;
    private int size;
    private int capacity;
    /** How many entries there have ever been; also tells where the next one goes. */
    private long added;

    DynamicTable(int capacity) {
        this.capacity = capacity;
    }

    private static byte[][] empty(int slots) {
        byte[][] entries = new byte[slots][];
        Arrays.fill(entries, NOTHING);
        return entries;
    }

    int count() {
        return count;
    }

    int capacity() {
        return capacity;
    }

    long added() {
        return added;
    }

    void capacity(int next) {
        capacity = next;
        evict(0);
    }

    private void evict(int room) {
        while (count > 0 && size + room > capacity) {
            int slot = slot(added - count);
            size -= OVERHEAD + entries[slot].length;
            entries[slot] = NOTHING;
            count--;
        }
    }

    private int slot(long number) {
        return (int) (number & (entries.length - 1));
    }

    /** Adds an entry and evicts what no longer fits; one larger than the table leaves it empty (RFC 7541 4.4). */
    void add(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        int nameLength = nameTo - nameFrom;
        byte[] entry = Arrays.copyOfRange(name, nameFrom, nameTo + (valueTo - valueFrom));
        System.arraycopy(value, valueFrom, entry, nameLength, valueTo - valueFrom);
        evict(entry.length + OVERHEAD);
        if (entry.length + OVERHEAD > capacity) {
            return;
        }
        if (count == entries.length) {
            grow();
        }
        entries[slot(added)] = entry;
        nameLengths[slot(added)] = nameLength;
        size += entry.length + OVERHEAD;
        added++;
        count++;
    }

    private void grow() {
        byte[][] larger = empty(entries.length * 2);
        int[] lengths = new int[larger.length];
        for (long number = added - count; number < added; number++) {
            int to = (int) (number & (larger.length - 1));
            larger[to] = entries[slot(number)];
            lengths[to] = nameLengths[slot(number)];
        }
        entries = larger;
        nameLengths = lengths;
    }

    /** Name and value of an entry in one array; 0 is the newest. */
    byte[] entry(int index) {
        return entries[slot(added - 1 - index)];
    }

    /** Where the value begins in {@link #entry}. */
    int nameLength(int index) {
        return nameLengths[slot(added - 1 - index)];
    }
}
