package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Entry;
import java.util.Arrays;

/** Owned by the thread that makes copies: what changes made of one key after the image had it. */
final class Touched {
    private static final long[] NONE = {};

    /** What its last changes are changes of. */
    enum Base {
        /** What the image has of it. */
        IMAGE,
        /** It went before the image had it; what was done to it until then says nothing. */
        LOST,
        /** It was not there. */
        NOTHING,
        /** The string that a change made of it. */
        STRING,
        /** The collection that a change made of it. */
        VALUE
    }

    private final long covered;
    private Base base;
    private long place;
    private long expireAt = Entry.NEVER;
    private boolean expiryKnown;
    private long[] parts = NONE;
    private int count;
    private long bytes;

    /** {@code covered}: the segment's last change that the image has of it. */
    Touched(long covered, Base base) {
        this.covered = covered;
        this.base = base;
    }

    /** It is another one from this change on, whose record stands at a place. Answers how many bytes less it takes of the heap. */
    int becomes(Base what, long at, long expiry) {
        int less = Long.BYTES * parts.length;
        base = what;
        place = at;
        expireAt = expiry;
        expiryKnown = true;
        parts = NONE;
        count = 0;
        bytes = 0;
        return less;
    }

    /** It has another expiry. */
    void expires(long at) {
        if (base != Base.LOST && (base != Base.NOTHING || count > 0)) {
            expireAt = at;
            expiryKnown = true;
        }
    }

    /** A part of it is another one: the record of so many bytes stands at a place. Answers how many bytes more it takes of the heap. */
    int changes(long at, int length) {
        if (base == Base.LOST) {
            return 0;
        }
        int more = 0;
        if (count == parts.length) {
            parts = Arrays.copyOf(parts, Math.max(2, count + (count >> 1)));
            more = Long.BYTES * (parts.length - count);
        }
        parts[count++] = at;
        bytes += length;
        return more;
    }

    long covered() {
        return covered;
    }

    Base base() {
        return base;
    }

    /** Where the record stands that made it what its base is. */
    long place() {
        return place;
    }

    /** When it is over, where the image says another time. */
    long expireAt(long before) {
        return expiryKnown ? expireAt : before;
    }

    /** How many changes of its parts there are. */
    int count() {
        return count;
    }

    /** Where the record of one of them stands. */
    long change(int number) {
        return parts[number];
    }

    /** How long their records are together. */
    long bytes() {
        return bytes;
    }
}
