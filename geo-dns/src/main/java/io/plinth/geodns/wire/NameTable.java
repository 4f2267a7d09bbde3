package io.plinth.geodns.wire;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An immutable table from names to what stands there, which looks up any suffix of a question without making a name.
 *
 * @param <V> what has a name
 */
public final class NameTable<V> {
    /** Beside the values, so that a name is compared without waiting for the value that knows it. */
    private final byte[] @Nullable [] names;

    private final @Nullable Object[] values;
    private final int mask;

    /** Holds all values, of which no two have one name. */
    public NameTable(Iterable<V> all, int size, Function<V, Name> nameOf) {
        int capacity = Integer.highestOneBit(Math.max(4, size) * 2 - 1) * 2;
        this.names = new byte[capacity] @Nullable [];
        this.values = new @Nullable Object[capacity];
        this.mask = capacity - 1;
        for (V value : all) {
            Name name = nameOf.apply(value);
            int slot = slot(name.hash(0));
            while (values[slot] != null) {
                slot = (slot + 1) & mask;
            }
            names[slot] = name.lower();
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
        for (byte[] octets = names[slot]; octets != null; octets = names[slot]) {
            if (octets.length == to - from && Arrays.equals(octets, 0, octets.length, lower, from, to)) {
                return (V) values[slot];
            }
            slot = (slot + 1) & mask;
        }
        return null;
    }

    /** What stands at {@code name}, or null. */
    @SuppressWarnings("unchecked")
    public @Nullable V get(Name name) {
        int slot = slot(name.hash(0));
        for (byte[] octets = names[slot]; octets != null; octets = names[slot]) {
            if (Arrays.equals(octets, name.lower())) {
                return (V) values[slot];
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
