package io.plinth.kvcache.keyspace.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: what records name that does not lie in native memory: collections, long strings and long keys. */
final class HeapValues {
    /** What one takes beside itself. */
    static final int SHARE = 8;

    private @Nullable Object[] values = new Object[4];
    private int[] free = new int[4];
    private int freeCount;
    private int used;

    /** Keeps one; answers its number. */
    int add(Object value) {
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

    Object get(int id) {
        Object value = id < 0 ? null : values[id];
        if (value == null) {
            throw new IllegalStateException("value " + id + " (expected: there)");
        }
        return value;
    }

    void set(int id, Object value) {
        values[id] = value;
    }

    void remove(int id) {
        values[id] = null;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, freeCount << 1);
        }
        free[freeCount++] = id;
    }
}
