package io.plinth.kvcache.keyspace;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: an open-addressing table whose home slot is the hash's high bits, with linear probing.
 *
 * <p>Entries therefore lie in hash order but for short runs, and a scan can name its place by a hash: a table that
 * grows, shrinks or shifts entries between two steps neither hides nor repeats a key that stays.
 */
final class KeyTable {
    /** One past the largest hash: where a scan of the table ends. */
    static final long END = 1L << 32;

    private static final int MIN_CAPACITY = 8;

    private @Nullable Entry[] slots = new Entry[MIN_CAPACITY];
    private int shift = Integer.numberOfLeadingZeros(MIN_CAPACITY) + 1;
    private int size;

    int size() {
        return size;
    }

    int capacity() {
        return slots.length;
    }

    @Nullable
    Entry find(KeyRef key) {
        int mask = slots.length - 1;
        int hash = key.hash();
        for (int i = hash >>> shift; ; i = i + 1 & mask) {
            Entry entry = slots[i];
            if (entry == null || (entry.hash == hash && entry.matches(key))) {
                return entry;
            }
        }
    }

    /** Adds an entry whose key is not there. */
    void add(Entry entry) {
        if ((size + 1) * 4L > slots.length * 3L) {
            resize(slots.length << 1);
        }
        place(entry);
        size++;
    }

    private void place(Entry entry) {
        int mask = slots.length - 1;
        int i = entry.hash >>> shift;
        while (slots[i] != null) {
            i = i + 1 & mask;
        }
        slots[i] = entry;
    }

    /** Removes an entry that is there, and closes the gap so that no run is broken. */
    void remove(Entry entry) {
        int mask = slots.length - 1;
        int gap = entry.hash >>> shift;
        while (slots[gap] != entry) {
            gap = gap + 1 & mask;
        }
        for (int i = gap + 1 & mask; ; i = i + 1 & mask) {
            Entry other = slots[i];
            if (other == null) {
                break;
            }
            int home = other.hash >>> shift;
            if ((i - home & mask) >= (i - gap & mask)) {
                slots[gap] = other;
                gap = i;
            }
        }
        slots[gap] = null;
        size--;
        if (slots.length > MIN_CAPACITY && size * 8L < slots.length) {
            resize(slots.length >> 1);
        }
    }

    private void resize(int capacity) {
        @Nullable Entry[] old = slots;
        slots = new Entry[capacity];
        shift = Integer.numberOfLeadingZeros(capacity) + 1;
        for (Entry entry : old) {
            if (entry != null) {
                place(entry);
            }
        }
    }

    void clear() {
        slots = new Entry[MIN_CAPACITY];
        shift = Integer.numberOfLeadingZeros(MIN_CAPACITY) + 1;
        size = 0;
    }

    /** The entries of a database. */
    List<Entry> of(int db) {
        List<Entry> found = new ArrayList<>();
        forEach(entry -> {
            if (entry.db == db) {
                found.add(entry);
            }
        });
        return found;
    }

    void forEach(Consumer<Entry> action) {
        for (Entry entry : slots) {
            if (entry != null) {
                action.accept(entry);
            }
        }
    }

    /** Visits every entry whose home slot is that of hash {@code from}; answers the hash to go on from, or {@link #END}. */
    long scan(long from, Consumer<Entry> visitor) {
        int mask = slots.length - 1;
        int home = (int) from >>> shift;
        for (int i = home; ; i = i + 1 & mask) {
            Entry entry = slots[i];
            if (entry == null) {
                break;
            }
            if (entry.hash >>> shift == home && Integer.toUnsignedLong(entry.hash) >= from) {
                visitor.accept(entry);
            }
        }
        return (home + 1L) << shift;
    }

    /** Some entry at or after a slot; null only when empty. */
    @Nullable
    Entry near(int start) {
        int mask = slots.length - 1;
        for (int i = 0; i <= mask; i++) {
            Entry entry = slots[start + i & mask];
            if (entry != null) {
                return entry;
            }
        }
        return null;
    }
}
