package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.IntegerPack;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.PackedBytes;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;

/** Guarded by the record's segment's lock: small collections as the bytes of their key's record. */
final class Packs {
    /** How many elements there are stands before them. */
    private static final int COUNT = Short.BYTES;

    private static final int HASH = 0;
    private static final int LIST = 1;
    private static final int SET = 2;
    private static final int SORTED_SET = 3;

    private Packs() {}

    /** What these take of a record beside its head. */
    static int size(PackedBytes bytes) {
        return COUNT + bytes.length();
    }

    /** How many elements' bytes a record has room for. */
    private static int room(long at) {
        return Slabs.taken(Layout.total(at)) - Layout.headSize(at) - COUNT;
    }

    /** The collection of a record, whose elements stay where they lie. */
    static Value view(long at, KeyHash hasher) {
        long body = Layout.valueAt(at);
        int count = Native.getShort(body);
        int length = Layout.length(at) - COUNT;
        int room = room(at);
        long elements = body + COUNT;
        if (Layout.integers(at)) {
            return new SetValue(hasher, new IntegerPack(elements, room, length, count));
        }
        ListPack pack = new ListPack(elements, room, length, count);
        return switch (Layout.type(at)) {
            case HASH -> new HashValue(hasher, pack);
            case LIST -> new ListValue(pack);
            case SET -> new SetValue(hasher, pack);
            default -> new SortedSetValue(hasher, pack);
        };
    }

    static ValueType type(long at) {
        return switch (Layout.type(at)) {
            case HASH -> ValueType.HASH;
            case LIST -> ValueType.LIST;
            case SET -> ValueType.SET;
            default -> ValueType.SORTED_SET;
        };
    }

    private static int number(ValueType type) {
        return switch (type) {
            case HASH -> HASH;
            case LIST -> LIST;
            case SET -> SET;
            case SORTED_SET -> SORTED_SET;
            case STRING, STREAM ->
                throw new IllegalArgumentException("type: " + type + " (expected: one that is packed)");
        };
    }

    /** Says of a record that it holds this collection, whose bytes are there or will be. */
    static void describe(long at, Value value, PackedBytes bytes) {
        Layout.holds(at, Layout.PACKED);
        Layout.type(at, number(value.type()));
        Layout.integers(at, bytes instanceof IntegerPack);
        Layout.length(at, size(bytes));
        Native.putShort(Layout.valueAt(at), bytes.count());
    }

    /** The elements belong to this record from now on: copies them there, or knows that they are there already. */
    static void settle(long at, PackedBytes bytes, boolean there) {
        bytes.settle(Layout.valueAt(at) + COUNT, room(at), there);
    }
}
