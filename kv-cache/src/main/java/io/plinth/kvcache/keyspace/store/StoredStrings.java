package io.plinth.kvcache.keyspace.store;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.value.StringForm;

/** Guarded by its segment's lock: reads the strings of the segment's records, short ones there and long ones where they lie. */
public final class StoredStrings {
    private final Region region;
    private final HeapValues heap;
    private final LongStrings strings;

    StoredStrings(Region region, HeapValues heap, LongStrings strings) {
        this.region = region;
        this.heap = heap;
        this.strings = strings;
    }

    /** The long string of a record that has one. */
    LongString at(long at) {
        return (LongString) heap.get(Records.number(at));
    }

    /** How long one is. */
    public int length(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.INLINE ? Layout.length(at) : at(at).length();
    }

    /** How the string came to be. */
    public StringForm form(int handle) {
        return Layout.form(region.address(handle));
    }

    /** Says how the string came to be. */
    public void form(int handle, StringForm form) {
        Layout.form(region.address(handle), form);
    }

    /** All of it, a copy. */
    public byte[] copy(int handle) {
        return part(handle, 0, length(handle));
    }

    /** So many bytes of it from a place on, which it has; a copy. */
    public byte[] part(int handle, int from, int count) {
        byte[] part = new byte[count];
        read(handle, from, part, 0, count);
        return part;
    }

    /** Copies so many bytes of it from a place on, which it has. */
    public void read(int handle, int from, byte[] to, int offset, int count) {
        long at = region.address(handle);
        if (Layout.holds(at) == Layout.INLINE) {
            Native.get(Layout.valueAt(at) + from, to, offset, count);
        } else {
            strings.read(at(at), from, to, offset, count);
        }
    }

    /** Appends it to a buffer that has room for it. */
    public void write(int handle, ByteBuf to) {
        long at = region.address(handle);
        if (Layout.holds(at) == Layout.INLINE) {
            Native.write(Layout.valueAt(at), Layout.length(at), to);
        } else {
            strings.write(at(at), to);
        }
    }
}
