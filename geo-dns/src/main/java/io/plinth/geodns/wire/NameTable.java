package io.plinth.geodns.wire;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An immutable table from names to what stands there, which looks up any suffix of a question without making a name.
 *
 * @param <V> knows its own name, so that a slot is one reference
 */
public final class NameTable<V> {
    private final @Nullable Object[] values;
    private final Function<V, Name> nameOf;
    private final int mask;

    /** Holds all values, of which no two have one name. */
    public NameTable(Iterable<V> all, int size, Function<V, Name> nameOf) {
        int capacity = Integer.highestOneBit(Math.max(4, size) * 2 - 1) * 2;
        this.values = new @Nullable Object[capacity];
        this.nameOf = nameOf;
        this.mask = capacity - 1;
        for (V value : all) {
            int slot = slot(nameOf.apply(value).hash(0));
            while (values[slot] != null) {
                slot = (slot + 1) & mask;
            }
            values[slot] = value;
        }
    }

    /** What stands at the question's name without its first {@code skip} labels, or null. */
    @SuppressWarnings("unchecked")
    public @Nullable V get(Query query, int skip) {
        byte[] lower = query.lower();
        int from = query.offset(skip);
        int to = query.nameLength();
        int slot = slot(query.hash(skip));
        for (Object candidate = values[slot]; candidate != null; candidate = values[slot]) {
            byte[] octets = nameOf.apply((V) candidate).lower();
            if (octets.length == to - from && Arrays.equals(octets, 0, octets.length, lower, from, to)) {
                return (V) candidate;
            }
            slot = (slot + 1) & mask;
        }
        return null;
    }

    /** What stands at {@code name}, or null. */
    @SuppressWarnings("unchecked")
    public @Nullable V get(Name name) {
        int slot = slot(name.hash(0));
        for (Object candidate = values[slot]; candidate != null; candidate = values[slot]) {
            if (nameOf.apply((V) candidate).equals(name)) {
                return (V) candidate;
            }
            slot = (slot + 1) & mask;
        }
        return null;
    }

    /** Gives every value, in no particular order. */
    @SuppressWarnings("unchecked")
    public void forEach(Consumer<V> sink) {
        for (Object value : values) {
            if (value != null) {
                sink.accept((V) value);
            }
        }
    }

    private int slot(int hash) {
        return (hash ^ (hash >>> 15)) & mask;
    }
}
