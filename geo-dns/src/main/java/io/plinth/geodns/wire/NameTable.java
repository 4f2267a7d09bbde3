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
    /** The name's octets and its value side by side, so that one line of the cache has both. */
    private final @Nullable Object[] slots;

    private final int mask;

    /** Holds all values, of which no two have one name. */
    public NameTable(Iterable<V> all, int size, Function<V, Name> nameOf) {
        int capacity = Integer.highestOneBit(Math.max(4, size) * 2 - 1) * 2;
        this.slots = new @Nullable Object[2 * capacity];
        this.mask = 2 * capacity - 2;
        for (V value : all) {
            Name name = nameOf.apply(value);
            int slot = slot(name.hash(0));
            while (slots[slot] != null) {
                slot = (slot + 2) & mask;
            }
            slots[slot] = name.lower();
            slots[slot + 1] = value;
        }
    }

    /** What stands at the question's name without its first {@code skip} labels, or null. */
    public @Nullable V get(Query query, int skip) {
        return find(query.hash(skip), query.lower(), query.offset(skip), query.nameLength());
    }

    /** What stands at {@code name}, or null. */
    public @Nullable V get(Name name) {
        return find(name.hash(0), name.lower(), 0, name.length());
    }

    @SuppressWarnings("unchecked")
    private @Nullable V find(int hash, byte[] lower, int from, int to) {
        int slot = slot(hash);
        for (byte[] octets = (byte[]) slots[slot]; octets != null; octets = (byte[]) slots[slot]) {
            if (octets.length == to - from && Arrays.equals(octets, 0, octets.length, lower, from, to)) {
                return (V) slots[slot + 1];
            }
            slot = (slot + 2) & mask;
        }
        return null;
    }

    /** Gives every value, in no particular order. */
    @SuppressWarnings("unchecked")
    public void forEach(Consumer<V> sink) {
        for (int slot = 0; slot < slots.length; slot += 2) {
            Object value = slots[slot + 1];
            if (value != null) {
                sink.accept((V) value);
            }
        }
    }

    private int slot(int hash) {
        return ((hash ^ (hash >>> 15)) << 1) & mask;
    }
}
