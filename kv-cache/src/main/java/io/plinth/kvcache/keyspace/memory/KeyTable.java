package io.plinth.kvcache.keyspace.memory;

import java.util.function.LongConsumer;

/**
 * Guarded by its segment's lock: an open-addressing table in the order of hashes, with linear probing. A place holds the hash and
 * the handle of what has it (a key's record, a collection's element), so that growing and most misses touch nothing else. No handle is 0.
 *
 * <p>Because places lie in hash order but for short runs, a scan can name its place by a hash: a table that grows, shrinks or
 * shifts places between two steps neither hides nor repeats a key that stays. The capacity grows by a quarter, so that few
 * places are empty.
 *
 * <p>Keys that come or go in the order of their hashes, as when a snapshot is read, a database is emptied or a client deletes what it
 * scans, leave the others crowded in one part of a table of that capacity, where each would cost a walk past all others. So a table in
 * which a key is far from its home grows, within {@link #MOST_FREE}, and one shrinks only where its keys lie near theirs.
 */
public final class KeyTable {
    /** One past the largest hash: where a scan of the table ends. */
    public static final long END = 1L << 32;

    private static final int LEAST = 8;
    /** Of eight places, at most so many are taken. */
    private static final int FULL = 7;

    /** Places that most runs are shorter than, and that a line of a processor's cache has. */
    private static final int NEAR = 8;

    /** So far behind its home a key hardly ever lies in a table that is as full as it may be, unless hashes are not as any. */
    private static final int CROWDED_WHEN_FULL = 1 << 11;
    /** The same where a quarter is free. */
    private static final int CROWDED = 1 << 9;
    /** The same in a table that has just shrunk. */
    private static final int CROWDED_WHEN_SHRUNK = 1 << 8;
    /** With so many places a key a crowded table grows no more. */
    private static final int MOST_FREE = 8;

    private static final long HANDLE = 0xffff_ffffL;

    private long[] places = new long[LEAST];
    private int size;
    /** So many removals are before the next try to shrink. */
    private int patience;

    /** How many there are. */
    public int size() {
        return size;
    }

    /** How many places. */
    public int capacity() {
        return places.length;
    }

    /** What a key takes here: a place, and its share of the empty ones. */
    public static final int SHARE = 11;

    /** What a place names. */
    public static int handle(long place) {
        return (int) place;
    }

    /** Its hash. */
    public static int hash(long place) {
        return (int) (place >>> 32);
    }

    private int home(int hash) {
        return home(hash, places);
    }

    private static int home(int hash, long[] places) {
        return (int) (((hash & HANDLE) * places.length) >>> 32);
    }

    /** What is at the home of a hash; without the lock, in the table as it is or was. */
    public long atHome(int hash) {
        long[] now = places;
        return now[home(hash, now)];
    }

    /** The first of the next few places behind the home of a hash that has the hash, 0 where none has; without the lock. */
    public long behind(int hash) {
        long[] now = places;
        int end = Math.min(now.length, home(hash, now) + 1 + NEAR);
        for (int i = home(hash, now) + 1; i < end; i++) {
            if (hash(now[i]) == hash) {
                return now[i];
            }
        }
        return 0;
    }

    private int after(int index) {
        return index + 1 == places.length ? 0 : index + 1;
    }

    /** The index of the first record with this hash at or behind an index of its run, -1 when there is none. */
    public int find(int hash, int from) {
        for (int i = from; ; i = after(i)) {
            long place = places[i];
            if (place == 0) {
                return -1;
            }
            if (hash(place) == hash) {
                return i;
            }
        }
    }

    /** Where a look-up of a hash begins. */
    public int first(int hash) {
        return home(hash);
    }

    /** Where it goes on. */
    public int next(int index) {
        return after(index);
    }

    /** The handle at an index. */
    public int at(int index) {
        return handle(places[index]);
    }

    /** What is at an index: hash above, handle below; 0 for nothing. */
    public long place(int index) {
        return places[index];
    }

    /** Adds a record whose key is not there. */
    public void add(int hash, int handle) {
        if ((size + 1) * 8L > (long) places.length * FULL) {
            resize(places.length + Math.max(LEAST, places.length >> 2), Integer.MAX_VALUE);
        }
        int away = put(place(hash, handle));
        size++;
        boolean roomy = size * 4L < places.length * 3L;
        if (away > (roomy ? CROWDED : CROWDED_WHEN_FULL) && places.length < (long) size * MOST_FREE) {
            resize(places.length + (places.length >> 2), Integer.MAX_VALUE);
        }
    }

    private static long place(int hash, int handle) {
        return (long) hash << 32 | (handle & HANDLE);
    }

    /** Answers how far from home. */
    private int put(long place) {
        int home = home(hash(place));
        int i = home;
        while (places[i] != 0) {
            i = after(i);
        }
        places[i] = place;
        return distance(home, i);
    }

    /** A record that is there has moved. */
    public void move(int hash, int from, int to) {
        places[index(hash, from)] = place(hash, to);
    }

    private int index(int hash, int handle) {
        long place = place(hash, handle);
        int i = home(hash);
        while (places[i] != place) {
            i = after(i);
        }
        return i;
    }

    /** Removes a record that is there, and closes the gap so that no run is broken. */
    public void remove(int hash, int handle) {
        int gap = index(hash, handle);
        for (int i = after(gap); ; i = after(i)) {
            long other = places[i];
            if (other == 0) {
                break;
            }
            if (distance(home(hash(other)), i) >= distance(gap, i)) {
                places[gap] = other;
                gap = i;
            }
        }
        places[gap] = 0;
        size--;
        if (places.length > LEAST && size * 2L < places.length && --patience <= 0) {
            boolean shrunk = resize(Math.max(LEAST, size + (size >> 1)), CROWDED_WHEN_SHRUNK);
            patience = shrunk ? 0 : size / 2;
        }
    }

    /** Every handle has another one now: the one at its number. */
    public void renumber(int[] handles) {
        for (int i = 0; i < places.length; i++) {
            long place = places[i];
            if (place != 0) {
                places[i] = place(hash(place), handles[handle(place)]);
            }
        }
    }

    private int distance(int from, int to) {
        return to >= from ? to - from : to - from + places.length;
    }

    /**
     * Takes so many places, unless a key then lies further than that from its home; answers whether it did. As keys come in the order
     * of their homes but for short runs, the end of the last run is where most go whose home is taken.
     */
    private boolean resize(int capacity, int furthest) {
        long[] next = new long[capacity];
        // Of the last run, beyond the table's end where it goes on at the table's begin.
        int first = 0;
        int last = -1;
        for (long place : places) {
            if (place == 0) {
                continue;
            }
            int home = home(hash(place), next);
            boolean behind = first <= home && home <= last;
            int at = behind ? last + 1 : home;
            while (next[at % capacity] != 0) {
                at++;
            }
            if (at - home > furthest) {
                return false;
            }
            next[at % capacity] = place;
            first = behind ? first : home;
            last = at;
        }
        places = next;
        return true;
    }

    /** Visits every place: hash above, handle below. The visitor changes nothing here. */
    public void forEach(LongConsumer action) {
        for (long place : places) {
            if (place != 0) {
                action.accept(place);
            }
        }
    }

    /** Visits every place whose home is that of hash {@code from}; answers the hash to go on from, or {@link #END}. */
    public long scan(long from, LongConsumer visitor) {
        int home = home((int) from);
        for (int i = home; ; i = after(i)) {
            long place = places[i];
            if (place == 0) {
                break;
            }
            if (home(hash(place)) == home && (place >>> 32) >= from) {
                visitor.accept(place);
            }
        }
        // The smallest hash with the next home.
        return Math.min(END, (((home + 1L) << 32) + places.length - 1) / places.length);
    }

    /** Some place at or after an index; 0 only when empty. */
    public long near(int start) {
        int i = start;
        for (int n = 0; n < places.length; n++) {
            if (places[i] != 0) {
                return places[i];
            }
            i = after(i);
        }
        return 0;
    }
}
