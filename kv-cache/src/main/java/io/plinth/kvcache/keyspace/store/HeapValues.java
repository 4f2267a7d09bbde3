package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.value.Value;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: what records name by a number: collections, where long strings lie, and long keys. */
final class HeapValues {
    /** What one takes beside itself. */
    static final int SHARE = 8;

    /** A key too long for its record, and its value. */
    private static final class Keyed {
        private final byte[] key;
        private Object value;

        Keyed(byte[] key, Object value) {
            this.key = key;
            this.value = value;
        }
    }

    private final LongStrings strings;
    private final Blocks blocks;
    private @Nullable Object[] values = new Object[4];
    private int[] free = new int[4];
    private int freeCount;
    private int used;

    HeapValues(LongStrings strings, Blocks blocks) {
        this.strings = strings;
        this.blocks = blocks;
    }

    /** Keeps one; answers its number. */
    int add(Object value) {
        settle(value);
        return number(value);
    }

    private int number(Object value) {
        int id;
        if (freeCount > 0) {
            id = free[--freeCount];
        } else {
            if (used == values.length) {
                values = Arrays.copyOf(values, used << 1);
            }
            id = used++;
        }
        values[id] = value;
        return id;
    }

    /** Keeps one with its key. */
    int add(byte[] key, Object value) {
        settle(value);
        return number(new Keyed(key, value));
    }

    /** A key that was kept. */
    byte[] key(int id) {
        return ((Keyed) at(id)).key;
    }

    Object get(int id) {
        Object found = at(id);
        return found instanceof Keyed keyed ? keyed.value : found;
    }

    /** What one takes, its key included. */
    long bytes(int id) {
        Object found = at(id);
        long own = SHARE;
        if (found instanceof Keyed keyed) {
            own += Value.arrayBytes(keyed.key.length);
            found = keyed.value;
        }
        return own
                + switch (found) {
                    case LongString string -> string.taken();
                    default -> ((Value) found).bytes();
                };
    }

    private Object at(int id) {
        Object value = id < 0 ? null : values[id];
        if (value == null) {
            throw new IllegalStateException("value " + id + " (expected: there)");
        }
        return value;
    }

    private static @Nullable Elements elements(Object value) {
        return value instanceof Value collection ? collection.elements() : null;
    }

    /** Gives a collection's elements their place in native memory, where there is room and they are not there. */
    void settle(Object value) {
        Elements elements = elements(value);
        if (elements != null) {
            elements.settle(blocks);
        }
    }

    /** One that found no record: what it has in native memory is free. */
    void stranded(Object value) {
        Elements elements = elements(value);
        if (elements != null) {
            elements.stranded();
        } else {
            release(value);
        }
    }

    private void release(Object value) {
        Elements elements = elements(value);
        if (value instanceof LongString string) {
            strings.free(string);
        } else if (elements != null) {
            elements.release();
        }
    }

    /** Puts another in its place, under the same key. What one had in native memory is free. */
    void set(int id, Object value) {
        release(get(id));
        if (at(id) instanceof Keyed keyed) {
            keyed.value = value;
        } else {
            values[id] = value;
        }
    }

    /** Forgets one. What it had in native memory is free. */
    void remove(int id) {
        release(get(id));
        values[id] = null;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, freeCount << 1);
        }
        free[freeCount++] = id;
    }
}
