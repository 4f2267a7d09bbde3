package io.plinth.kvcache.keyspace.value;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: byte strings in the order they came, each with a value or a number where wanted, found
 * through an open-addressing index in hash order, so that a scan can name its place by a hash.
 */
final class MemberTable {
    /** One past the largest hash: where a scan ends. */
    static final long END = 1L << 32;

    private static final int BASE = 96;
    private static final int PER_MEMBER = 16;

    private final KeyHash hasher;
    private byte[] @Nullable [] members = new byte[8][];
    private byte @Nullable [] @Nullable [] values;
    private long @Nullable [] numbers;
    private int[] hashes = new int[8];
    private int used;
    private int live;
    private int[] index = new int[16];
    private int shift = Integer.numberOfLeadingZeros(16) + 1;
    private long bytes = BASE;

    MemberTable(KeyHash hasher) {
        this.hasher = hasher;
    }

    int size() {
        return live;
    }

    long bytes() {
        return bytes + (values == null ? 0 : 8L * live) + (numbers == null ? 0 : 8L * live);
    }

    /** Positions run from 0 to here; some may be empty. */
    int positions() {
        return used;
    }

    /** The member at a position, or null where one was removed. */
    byte @Nullable [] member(int position) {
        return members[position];
    }

    byte[] value(int position) {
        byte @Nullable [] @Nullable [] all = values;
        byte[] value = all == null ? null : all[position];
        if (value == null) {
            throw new IllegalStateException("empty position: " + position);
        }
        return value;
    }

    void value(int position, byte[] value) {
        byte @Nullable [] @Nullable [] all = values;
        if (all == null) {
            all = new byte[members.length][];
            values = all;
        }
        byte[] old = all[position];
        bytes += Value.arrayBytes(value.length) - (old == null ? 0 : Value.arrayBytes(old.length));
        all[position] = value;
    }

    /** The number at a position, 0 where none was given. */
    long number(int position) {
        long[] all = numbers;
        return all == null ? 0 : all[position];
    }

    void number(int position, long number) {
        long[] all = numbers;
        if (all == null) {
            if (number == 0) {
                return;
            }
            all = new long[members.length];
            numbers = all;
        }
        all[position] = number;
    }

    int find(byte[] buffer, int offset, int length) {
        int hash = hasher.hash(0, buffer, offset, length);
        int mask = index.length - 1;
        for (int i = hash >>> shift; index[i] != 0; i = i + 1 & mask) {
            int position = index[i] - 1;
            byte[] member = members[position];
            if (hashes[position] == hash
                    && member != null
                    && Arrays.equals(member, 0, member.length, buffer, offset, offset + length)) {
                return position;
            }
        }
        return -1;
    }

    /** Adds a member that is not there; keeps the array; answers its position. */
    int add(byte[] member) {
        if (used == hashes.length) {
            makeRoom();
        }
        int position = used++;
        members[position] = member;
        hashes[position] = hasher.hash(0, member, 0, member.length);
        live++;
        bytes += PER_MEMBER + Value.arrayBytes(member.length);
        if ((live + 1) * 4L > index.length * 3L) {
            reindex(index.length << 1);
        } else {
            place(position);
        }
        return position;
    }

    private void makeRoom() {
        if (used - live > used / 4) {
            compact();
            return;
        }
        resize(hashes.length << 1);
    }

    private void resize(int capacity) {
        members = Arrays.copyOf(members, capacity);
        hashes = Arrays.copyOf(hashes, capacity);
        byte @Nullable [] @Nullable [] held = values;
        if (held != null) {
            values = Arrays.copyOf(held, capacity);
        }
        long[] counted = numbers;
        if (counted != null) {
            numbers = Arrays.copyOf(counted, capacity);
        }
    }

    void remove(int position) {
        byte[] member = members[position];
        if (member == null) {
            throw new IllegalStateException("empty position: " + position);
        }
        unindex(position);
        bytes -= PER_MEMBER + Value.arrayBytes(member.length);
        members[position] = null;
        byte @Nullable [] @Nullable [] held = values;
        byte[] old = held == null ? null : held[position];
        if (held != null && old != null) {
            bytes -= Value.arrayBytes(old.length);
            held[position] = null;
        }
        number(position, 0);
        live--;
        if (used > 32 && live < used / 4) {
            compact();
        }
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
        int to = 0;
        byte @Nullable [] @Nullable [] held = values;
        long[] counted = numbers;
        for (int i = 0; i < used; i++) {
            if (members[i] != null) {
                members[to] = members[i];
                hashes[to] = hashes[i];
                if (held != null) {
                    held[to] = held[i];
                }
                if (counted != null) {
                    counted[to] = counted[i];
                }
                to++;
            }
        }
        used = to;
        resize(Math.max(8, Integer.highestOneBit(Math.max(1, live)) << 1));
        for (int i = to; i < members.length; i++) {
            members[i] = null;
            if (values != null) {
                values[i] = null;
            }
            if (numbers != null) {
                numbers[i] = 0;
            }
        }
        reindex(16);
    }

    private void reindex(int capacity) {
        int size = capacity;
        while ((live + 1) * 4L > size * 3L) {
            size <<= 1;
        }
        index = new int[size];
        shift = Integer.numberOfLeadingZeros(size) + 1;
        for (int i = 0; i < used; i++) {
            if (members[i] != null) {
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

    /** Visits the positions of one home slot; answers the hash to go on from, or 0 at the end. */
    long scan(long from, IntConsumer visitor) {
        int mask = index.length - 1;
        int home = (int) from >>> shift;
        for (int i = home; index[i] != 0; i = i + 1 & mask) {
            int position = index[i] - 1;
            if (hashes[position] >>> shift == home && Integer.toUnsignedLong(hashes[position]) >= from) {
                visitor.accept(position);
            }
        }
        long next = (home + 1L) << shift;
        return next >= END ? 0 : next;
    }

    /** A position that has a member, each as likely; the table is never empty. */
    int random(RandomGenerator random) {
        for (; ; ) {
            int position = random.nextInt(used);
            if (members[position] != null) {
                return position;
            }
        }
    }
}
