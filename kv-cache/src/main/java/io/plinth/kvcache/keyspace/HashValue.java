package io.plinth.kvcache.keyspace;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: fields and values in the order they came, with an index once there are more than a few.
 *
 * <p>The index is an open-addressing table in hash order, like {@link KeyTable}, so that HSCAN can name its place by a hash.
 */
public final class HashValue {
    /** As Redis's {@code hash-max-listpack-entries}: up to here a hash is small. */
    static final int SMALL_ENTRIES = 128;
    /** As Redis's {@code hash-max-listpack-value}. */
    static final int SMALL_BYTES = 64;

    private static final int LINEAR = 8;
    private static final int BASE = 96;
    private static final int PER_FIELD = 24;

    private final KeyHash hasher;
    private byte[] @Nullable [] pairs = new byte[8][];
    private int[] hashes = new int[4];
    private int used;
    private int live;
    private int[] index = new int[0];
    private int shift = 32;
    private long bytes = BASE;
    private boolean large;

    HashValue(KeyHash hasher) {
        this.hasher = hasher;
    }

    HashValue copy() {
        HashValue copy = new HashValue(hasher);
        for (int i = 0; i < used; i++) {
            byte[] field = pairs[2 * i];
            byte[] value = pairs[2 * i + 1];
            if (field != null && value != null) {
                copy.put(field, value);
            }
        }
        copy.large = large;
        return copy;
    }

    /** How many fields there are. */
    public int size() {
        return live;
    }

    /** Whether Redis would have left its compact encoding. */
    public boolean large() {
        return large;
    }

    long bytes() {
        return bytes;
    }

    /** Positions run from 0 to here; some may be empty. */
    public int positions() {
        return used;
    }

    /** The field at a position, or null where one was removed. */
    public byte @Nullable [] field(int position) {
        return pairs[2 * position];
    }

    /** The value at a position that has a field. */
    public byte[] value(int position) {
        byte[] value = pairs[2 * position + 1];
        if (value == null) {
            throw new IllegalStateException("empty position: " + position);
        }
        return value;
    }

    /** The value of a field, or null. */
    public byte @Nullable [] get(byte[] buffer, int offset, int length) {
        int position = position(buffer, offset, length, hasher.hash(0, buffer, offset, length));
        return position < 0 ? null : value(position);
    }

    private int position(byte[] buffer, int offset, int length, int hash) {
        if (index.length == 0) {
            for (int i = 0; i < used; i++) {
                if (hashes[i] == hash && isField(i, buffer, offset, length)) {
                    return i;
                }
            }
            return -1;
        }
        int mask = index.length - 1;
        for (int i = hash >>> shift; index[i] != 0; i = i + 1 & mask) {
            int position = index[i] - 1;
            if (hashes[position] == hash && isField(position, buffer, offset, length)) {
                return position;
            }
        }
        return -1;
    }

    private boolean isField(int position, byte[] buffer, int offset, int length) {
        byte[] field = pairs[2 * position];
        return field != null && Arrays.equals(field, 0, field.length, buffer, offset, offset + length);
    }

    /** Sets a field; answers whether it is new. Keeps both arrays. */
    boolean put(byte[] field, byte[] value) {
        large |= field.length > SMALL_BYTES || value.length > SMALL_BYTES;
        int hash = hasher.hash(0, field, 0, field.length);
        int position = position(field, 0, field.length, hash);
        if (position >= 0) {
            bytes += Entry.arrayBytes(value.length) - Entry.arrayBytes(value(position).length);
            pairs[2 * position + 1] = value;
            return false;
        }
        if (used == hashes.length) {
            makeRoom();
        }
        pairs[2 * used] = field;
        pairs[2 * used + 1] = value;
        hashes[used] = hash;
        used++;
        live++;
        bytes += PER_FIELD + Entry.arrayBytes(field.length) + Entry.arrayBytes(value.length);
        large |= live > SMALL_ENTRIES;
        if (live > LINEAR && (live + 1) * 4L > index.length * 3L) {
            reindex(Math.max(16, index.length << 1));
        } else if (index.length > 0) {
            place(used - 1);
        }
        return true;
    }

    private void makeRoom() {
        if (used - live > used / 4) {
            compact();
        } else {
            pairs = Arrays.copyOf(pairs, pairs.length << 1);
            hashes = Arrays.copyOf(hashes, hashes.length << 1);
        }
    }

    /** Removes a field; answers whether it was there. */
    boolean remove(byte[] buffer, int offset, int length) {
        int position = position(buffer, offset, length, hasher.hash(0, buffer, offset, length));
        if (position < 0) {
            return false;
        }
        bytes -= PER_FIELD + Entry.arrayBytes(length) + Entry.arrayBytes(value(position).length);
        if (index.length > 0) {
            unindex(position);
        }
        pairs[2 * position] = null;
        pairs[2 * position + 1] = null;
        live--;
        if (used > 32 && live < used / 4) {
            compact();
        }
        return true;
    }

    private void unindex(int position) {
        int mask = index.length - 1;
        int gap = hashes[position] >>> shift;
        while (index[gap] != position + 1) {
            gap = gap + 1 & mask;
        }
        for (int i = gap + 1 & mask; index[i] != 0; i = i + 1 & mask) {
            int home = hashes[index[i] - 1] >>> shift;
            if ((i - home & mask) >= (i - gap & mask)) {
                index[gap] = index[i];
                gap = i;
            }
        }
        index[gap] = 0;
    }

    private void compact() {
        int capacity = Math.max(4, Integer.highestOneBit(Math.max(1, live)) << 1);
        byte[] @Nullable [] oldPairs = pairs;
        int[] oldHashes = hashes;
        pairs = new byte[2 * capacity][];
        hashes = new int[capacity];
        int to = 0;
        for (int i = 0; i < used; i++) {
            if (oldPairs[2 * i] != null) {
                pairs[2 * to] = oldPairs[2 * i];
                pairs[2 * to + 1] = oldPairs[2 * i + 1];
                hashes[to] = oldHashes[i];
                to++;
            }
        }
        used = to;
        if (index.length > 0) {
            reindex(Math.max(16, Integer.highestOneBit(Math.max(1, live)) << 1));
        }
    }

    private void reindex(int capacity) {
        int size = capacity;
        while ((live + 1) * 4L > size * 3L) {
            size <<= 1;
        }
        index = new int[size];
        shift = Integer.numberOfLeadingZeros(size) + 1;
        for (int i = 0; i < used; i++) {
            if (pairs[2 * i] != null) {
                place(i);
            }
        }
    }

    private void place(int position) {
        int mask = index.length - 1;
        int i = hashes[position] >>> shift;
        while (index[i] != 0) {
            i = i + 1 & mask;
        }
        index[i] = position + 1;
    }

    /**
     * Visits the positions of one home slot; answers the hash to go on from, or 0 at the end. A small hash is visited whole.
     */
    public long scan(long from, IntConsumer visitor) {
        if (!large || index.length == 0) {
            for (int i = 0; i < used; i++) {
                if (pairs[2 * i] != null) {
                    visitor.accept(i);
                }
            }
            return 0;
        }
        int mask = index.length - 1;
        int home = (int) from >>> shift;
        for (int i = home; index[i] != 0; i = i + 1 & mask) {
            int position = index[i] - 1;
            if (hashes[position] >>> shift == home && Integer.toUnsignedLong(hashes[position]) >= from) {
                visitor.accept(position);
            }
        }
        long next = (home + 1L) << shift;
        return next >= KeyTable.END ? 0 : next;
    }

    /** A position that has a field, each as likely; the hash is never empty. */
    public int random(RandomGenerator random) {
        for (; ; ) {
            int position = random.nextInt(used);
            if (pairs[2 * position] != null) {
                return position;
            }
        }
    }
}
