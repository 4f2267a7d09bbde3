package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.ByteLog;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: byte strings in the order they came, each with a value or a number where wanted, found
 * through an index in hash order, so that a scan can name its place by a hash.
 *
 * <p>Their bytes are records in a {@link ByteLog}: the length of the member, that of the value, both. What is removed or outgrows its
 * record leaves it there; when a quarter is such, each change moves a few records from the front to the end. No element has an object.
 */
final class ElementTable {
    private static final int OBJECTS = 80;
    private static final int ARRAY_HEAD = 16;
    private static final int LEAST = 4;
    private static final int LONGEST_HEAD = 10;

    /** Of the log at most one byte in so many is of nobody, from this many on. */
    private static final int DEAD = 4;

    private static final int WORTH_CLEANING = 256;
    /** For each byte that is given up so many are looked at. */
    private static final int PACE = 6;

    private final KeyHash hasher;
    private final boolean valued;
    private final KeyTable index = new KeyTable();
    private ByteLog log;
    /** Where each position's record begins; 0 for a position that is empty. */
    private int[] refs = new int[LEAST];

    private int used;
    private long @Nullable [] numbers;
    /** Who else knows positions. */
    private @Nullable ScoreTree order;

    /** How much at the front was looked through, and how much of the log is of nobody. */
    private long cleaned;

    private long dead;

    /** With values, or members alone. */
    ElementTable(KeyHash hasher, boolean valued) {
        this(hasher, valued, new ByteLog());
    }

    ElementTable(KeyHash hasher, boolean valued, ByteLog log) {
        this.hasher = hasher;
        this.valued = valued;
        this.log = log;
    }

    /** One with the same, in the same order. */
    ElementTable copy() {
        ElementTable copy = new ElementTable(hasher, valued);
        for (int i = 0; i < used; i++) {
            if (has(i)) {
                copy.number(copy.add(member(i), valued ? value(i) : null), number(i));
            }
        }
        return copy;
    }

    int size() {
        return index.size();
    }

    long bytes() {
        long[] held = numbers;
        return OBJECTS
                + ARRAY_HEAD
                + 8L * index.capacity()
                + ARRAY_HEAD
                + 4L * refs.length
                + (held == null ? 0 : ARRAY_HEAD + 8L * held.length)
                + log.bytes();
    }

    /** Tells a tree of its members when their positions change. */
    void order(ScoreTree by) {
        order = by;
    }

    /** Its records. */
    ByteLog log() {
        return log;
    }

    /** Positions run from 0 to here; some may be empty. */
    int positions() {
        return used;
    }

    /** Whether there is a member at a position. */
    boolean has(int position) {
        return refs[position] != 0;
    }

    private long at(int position) {
        int ref = refs[position];
        if (ref == 0) {
            throw new IllegalStateException("empty position: " + position);
        }
        return log.at(ref);
    }

    /** A length at a place of the log: seven bits a byte, the least first. */
    private int length(long at) {
        int first = log.u8(at);
        if (first < 0x80) {
            return first;
        }
        int length = first & 0x7f;
        int shift = 7;
        for (long i = at + 1; ; i++) {
            int next = log.u8(i);
            length |= (next & 0x7f) << shift;
            if (next < 0x80) {
                return length;
            }
            shift += 7;
        }
    }

    private static int size(int length) {
        return length < 0x80 ? 1 : (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 6) / 7;
    }

    private void appendLength(int length) {
        int left = length;
        while (left >= 0x80) {
            log.append((left & 0x7f) | 0x80);
            left >>>= 7;
        }
        log.append(left);
    }

    /** What a record takes. */
    private long record(int member, int value) {
        long bytes = (long) size(member) + member + (valued ? (long) size(value) + value : 0);
        return bytes + 1 & ~1L;
    }

    private long record(long at) {
        int member = length(at);
        return record(member, valued ? length(at + size(member)) : 0);
    }

    private long memberAt(long at, int length) {
        int head = size(length);
        return at + head + (valued ? size(length(at + head)) : 0);
    }

    /** The member at a position, a copy. */
    byte[] member(int position) {
        long at = at(position);
        int length = length(at);
        return log.copy(memberAt(at, length), length);
    }

    /** How the member at a position compares to another one, byte by byte. */
    int compare(int position, byte[] other) {
        long at = at(position);
        int length = length(at);
        return log.compare(memberAt(at, length), length, other);
    }

    /** Writes the member at a position as a bulk. */
    void writeMember(int position, ReplyWriter out) {
        long at = at(position);
        int length = length(at);
        write(memberAt(at, length), length, out);
    }

    /** The value at a position, a copy. */
    byte[] value(int position) {
        long at = at(position);
        int member = length(at);
        int length = length(at + size(member));
        return log.copy(at + size(member) + size(length) + member, length);
    }

    /** How long the value at a position is. */
    int valueLength(int position) {
        long at = at(position);
        return length(at + size(length(at)));
    }

    /** Writes the value at a position as a bulk. */
    void writeValue(int position, ReplyWriter out) {
        long at = at(position);
        int member = length(at);
        int length = length(at + size(member));
        write(at + size(member) + size(length) + member, length, out);
    }

    private void write(long at, int length, ReplyWriter out) {
        log.write(at, length, out.beginBulk(length));
        out.endBulk();
    }

    /** Puts another value at a position; copies it. Where there is no room it stays as it was. */
    void value(int position, byte[] value) {
        long at = at(position);
        int member = length(at);
        int head = size(member);
        int length = length(at + head);
        if (length == value.length) {
            log.put(at + head + size(length) + member, value);
            return;
        }
        long bytes = begin(record(member, value.length));
        int ref = log.ref(log.end());
        appendLength(member);
        appendLength(value.length);
        log.append(log, at + head + size(length), member);
        log.append(value);
        pad(ref, bytes);
        refs[position] = ref;
        gone(record(member, length));
    }

    /** Makes room for a record of so many bytes, at a place that a reference can name; answers that many. */
    private long begin(long bytes) {
        log.reserve(bytes + 2);
        if (log.ref(log.end()) == 0) {
            // Reads as a record of nothing.
            log.append(0);
            log.append(0);
            dead += 2;
        }
        return bytes;
    }

    private void pad(int ref, long bytes) {
        if (log.end() < log.at(ref) + bytes) {
            log.append(0);
        }
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
            all = new long[refs.length];
            numbers = all;
        }
        all[position] = number;
    }

    /** The position of a member; -1 where it is not there. */
    int find(byte[] buffer, int offset, int length) {
        int hash = hasher.hash(0, buffer, offset, length);
        for (int i = index.find(hash, index.first(hash)); i >= 0; i = index.find(hash, index.next(i))) {
            int position = index.at(i) - 1;
            long at = at(position);
            if (length(at) == length && log.same(memberAt(at, length), buffer, offset, length)) {
                return position;
            }
        }
        return -1;
    }

    /** Adds a member that is not there, with its value where there are some; copies both. Answers its position. */
    int add(byte[] member, byte @Nullable [] value) {
        long bytes = begin(record(member.length, value == null ? 0 : value.length));
        int ref = log.ref(log.end());
        appendLength(member.length);
        if (value != null) {
            appendLength(value.length);
        }
        log.append(member);
        if (value != null) {
            log.append(value);
        }
        pad(ref, bytes);
        if (used == refs.length) {
            makeRoom();
        }
        int position = used++;
        refs[position] = ref;
        index.add(hasher.hash(0, member, 0, member.length), position + 1);
        return position;
    }

    private void makeRoom() {
        if (used - size() > used / 4) {
            closeUp();
        } else {
            resize(refs.length + Math.max(LEAST, refs.length >> 2));
        }
    }

    private void resize(int capacity) {
        refs = Arrays.copyOf(refs, capacity);
        long[] held = numbers;
        if (held != null) {
            numbers = Arrays.copyOf(held, capacity);
        }
    }

    /** Removes the member at a position. */
    void remove(int position) {
        long at = at(position);
        index.remove(hash(at), position + 1);
        refs[position] = 0;
        number(position, 0);
        gone(record(at));
        if (used > 32 && size() < used / 4) {
            closeUp();
        }
    }

    private int hash(long at) {
        int length = length(at);
        byte[] member = log.copy(memberAt(at, length), length);
        return hasher.hash(0, member, 0, length);
    }

    /** Leaves out the empty positions. */
    private void closeUp() {
        int[] moved = new int[used + 1];
        long[] held = numbers;
        int to = 0;
        for (int i = 0; i < used; i++) {
            if (refs[i] != 0) {
                refs[to] = refs[i];
                if (held != null) {
                    held[to] = held[i];
                }
                to++;
                moved[i + 1] = to;
            }
        }
        index.renumber(moved);
        ScoreTree told = order;
        if (told != null) {
            told.renumber(moved);
        }
        Arrays.fill(refs, to, used, 0);
        if (held != null) {
            Arrays.fill(held, to, used, 0);
        }
        used = to;
        resize(to + Math.max(LEAST, to >> 2));
    }

    /** So many bytes more are of nobody. */
    private void gone(long bytes) {
        dead += bytes;
        if (dead < WORTH_CLEANING || dead * DEAD <= log.end() || size() == 0) {
            return;
        }
        try {
            if (log.end() <= 2L * ByteLog.PAGE) {
                rewrite();
            } else {
                clean(PACE * bytes + LONGEST_HEAD);
            }
        } catch (NoRoomException e) {
            // What is of nobody stays until there is room to move what is beside it.
            return;
        }
    }

    private void rewrite() {
        ByteLog next = log.fresh();
        next.reserve(log.end() - dead);
        for (int i = 0; i < used; i++) {
            if (refs[i] != 0) {
                long at = log.at(refs[i]);
                int ref = next.ref(next.end());
                next.append(log, at, (int) record(at));
                refs[i] = ref;
            }
        }
        log.release();
        log = next;
        cleaned = 0;
        dead = 0;
    }

    /** Looks through so many bytes, and moves to the end what is of somebody. */
    private void clean(long budget) {
        long left = budget;
        while (left > 0 && dead * DEAD > log.end()) {
            long bytes = record(cleaned);
            int position = position(cleaned);
            if (position >= 0) {
                begin(bytes);
                int ref = log.ref(log.end());
                log.append(log, cleaned, (int) bytes);
                refs[position] = ref;
                dead += bytes;
            }
            cleaned += bytes;
            left -= bytes;
            while (cleaned >= ByteLog.PAGE) {
                log.dropPage();
                cleaned -= ByteLog.PAGE;
                dead -= ByteLog.PAGE;
            }
        }
    }

    /** The position of whom the record there is; -1 where it is of nobody. */
    private int position(long at) {
        int ref = log.ref(at);
        int hash = hash(at);
        for (int i = index.find(hash, index.first(hash)); i >= 0; i = index.find(hash, index.next(i))) {
            if (refs[index.at(i) - 1] == ref) {
                return index.at(i) - 1;
            }
        }
        return -1;
    }

    /** Visits the positions of one home place; answers the hash to go on from, or 0 at the end. */
    long scan(long from, IntConsumer visitor) {
        long next = index.scan(from, place -> visitor.accept(KeyTable.handle(place) - 1));
        return next >= KeyTable.END ? 0 : next;
    }

    /** A position that has a member, each as likely; the table is never empty. */
    int random(RandomGenerator random) {
        for (; ; ) {
            int position = random.nextInt(used);
            if (has(position)) {
                return position;
            }
        }
    }
}
