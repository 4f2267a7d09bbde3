package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Elements;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: what a key holds. Read by commands, changed only through the segment. */
public sealed interface Value permits StringValue, HashValue, ListValue, SetValue, SortedSetValue, StreamValue {
    /** What array objects cost beside their elements. */
    int ARRAY_HEADER = 16;

    /** Its type. */
    ValueType type();

    /** What it is accounted with. */
    long bytes();

    /** How many elements there are; for a string its length. */
    long size();

    /** The name Redis has for what it is like inside. */
    String encoding();

    /** Another one that is equal and shares nothing that can change. */
    Value copy();

    /** Its elements, where they are one run of bytes, which a record can hold; else null. */
    default @Nullable PackedBytes packed() {
        return null;
    }

    /** The bytes of its elements, which its segment gives memory where its record has none for them; null where it has none. */
    default @Nullable Elements elements() {
        return packed();
    }

    /** What a byte array of this length takes. */
    static long arrayBytes(long length) {
        return (ARRAY_HEADER + length + 7) & ~7L;
    }
}
