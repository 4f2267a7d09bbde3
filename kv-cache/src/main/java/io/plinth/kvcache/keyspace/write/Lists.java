package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;
import org.jspecify.annotations.Nullable;

/** Changes of lists, with the segment locked. */
public final class Lists {
    private Lists() {}

    /** Adds an element at an end. */
    public static void push(Segment segment, Entry entry, boolean left, byte[] value) {
        long before = entry.bytes();
        entry.list().push(left, value, segment.packing());
        segment.mutated(entry, before, left ? Kind.HEAD : Kind.TAIL, null, value);
    }

    /** Takes the element at an end, and the key with the last one. */
    public static byte @Nullable [] pop(Segment segment, Entry entry, boolean left) {
        long before = entry.bytes();
        long index = left ? 0 : entry.list().size() - 1;
        byte[] value = entry.list().pop(left, segment.packing());
        cut(segment, entry, before, index, 1);
        return value;
    }

    private static void cut(Segment segment, Entry entry, long before, long index, long count) {
        boolean heard = segment.heard();
        segment.mutated(entry, before, Kind.CUT, Effects.number(heard, index), Effects.number(heard, count));
    }

    /** Puts another element at an index that is inside. */
    public static void set(Segment segment, Entry entry, long index, byte[] value) {
        long before = entry.bytes();
        entry.list().set(index, value, segment.packing());
        segment.mutated(entry, before, Kind.ELEMENT, Effects.number(segment.heard(), index), value);
    }

    /** Puts an element before the one at an index. */
    public static void insert(Segment segment, Entry entry, long index, byte[] value) {
        long before = entry.bytes();
        entry.list().insert(index, value, segment.packing());
        segment.mutated(entry, before, Kind.INSERTED, Effects.number(segment.heard(), index), value);
    }

    /** Removes {@code count} elements from an index on, and the key with the last one. */
    public static void remove(Segment segment, Entry entry, long index, long count) {
        if (count <= 0) {
            return;
        }
        long before = entry.bytes();
        entry.list().remove(index, count, segment.packing());
        cut(segment, entry, before, index, count);
    }
}
