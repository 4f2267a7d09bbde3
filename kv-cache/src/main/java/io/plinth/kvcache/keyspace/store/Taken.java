package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.value.ValueType;

/** Guarded by its segment's lock, read by others as it stands: what the segment's keys are accounted with, by type. */
public final class Taken {
    private final long[] types = new long[ValueType.values().length];
    private long bytes;

    /** A key of this type takes so many more. */
    public void add(ValueType type, long delta) {
        types[type.number()] += delta;
        bytes += delta;
    }

    /** A key became one of another type. */
    void move(ValueType from, ValueType to, long moved) {
        types[from.number()] -= moved;
        types[to.number()] += moved;
    }

    /** What all take. */
    public long bytes() {
        return bytes;
    }

    /** What those of a type take. */
    public long bytes(ValueType type) {
        return types[type.number()];
    }
}
