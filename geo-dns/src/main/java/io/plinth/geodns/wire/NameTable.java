package io.plinth.geodns.wire;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An immutable table from names to values that looks up any suffix of a name without making it.
 *
 * @param <V> what a name stands for
 */
public final class NameTable<V> {
    private final @Nullable Name[] names;
    private final @Nullable Object[] values;
    private final int mask;

    public NameTable(Map<Name, V> entries) {
        int capacity = Integer.highestOneBit(Math.max(4, entries.size()) * 2) * 2;
        this.names = new @Nullable Name[capacity];
        this.values = new @Nullable Object[capacity];
        this.mask = capacity - 1;
        entries.forEach((name, value) -> {
            int slot = slot(name.hash(0));
            while (names[slot] != null) {
                slot = (slot + 1) & mask;
            }
            names[slot] = name;
            values[slot] = value;
        });
    }

    /** The value of {@code name} without its first {@code skip} labels, or null. */
    @SuppressWarnings("unchecked")
    public @Nullable V get(Name name, int skip) {
        int slot = slot(name.hash(skip));
        for (Name candidate = names[slot]; candidate != null; candidate = names[slot]) {
            if (candidate.suffixEquals(0, name, skip)) {
                return (V) values[slot];
            }
            slot = (slot + 1) & mask;
        }
        return null;
    }

    /** The value of {@code name}, or null. */
    public @Nullable V get(Name name) {
        return get(name, 0);
    }

    private int slot(int hash) {
        return (hash ^ (hash >>> 16)) & mask;
    }
}
