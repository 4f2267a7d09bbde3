package io.plinth.kvcache.keyspace.value;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Arrays;

/**
 * Guarded by its key's segment lock: elements as one run of bytes, in an array or in the place that their key's record has for
 * them in native memory. What no longer fits its place goes on in an array, until the segment finds it another place.
 */
public abstract sealed class PackedBytes permits ListPack, IntegerPack {
    private static final byte[] NONE = new byte[0];
    private static final int WORTH_SHRINKING = 64;

    private byte[] array;
    /** Where the bytes lie in native memory; 0 where they are in the array. */
    private long address;

    private int room;
    private int end;

    /** How many elements there are. */
    int count;

    PackedBytes() {
        array = NONE;
    }

    /** Keeps the array. */
    PackedBytes(byte[] array, int count) {
        this.array = array;
        this.end = array.length;
        this.count = count;
    }

    /** Those of a record. */
    PackedBytes(long address, int room, int end, int count) {
        this.array = NONE;
        this.address = address;
        this.room = room;
        this.end = end;
        this.count = count;
    }

    /** How many elements there are. */
    public final int count() {
        return count;
    }

    /** How many bytes. */
    public final int length() {
        return end;
    }

    /** What the array takes. */
    final long bytes() {
        return Value.arrayBytes(array.length);
    }

    /** Whether they lie in a record. */
    public final boolean inRecord() {
        return address != 0;
    }

    /** They belong into a record now, which has this place for so many: copies them, or knows that it has them already. */
    public final void settle(long place, int size, boolean there) {
        if (!there) {
            Native.put(array, 0, place, end);
            array = NONE;
        }
        address = place;
        room = size;
    }

    /** Their record goes: copies them into an array. */
    public final void leave() {
        if (address != 0) {
            byte[] own = new byte[end];
            Native.get(address, own, 0, end);
            array = own;
            address = 0;
        }
    }

    /** Where they lie in native memory; 0 where they do not. */
    final long address() {
        return address;
    }

    final int u8(int at) {
        return address == 0 ? array[at] & 0xff : Native.getByte(address + at);
    }

    final void u8(int at, int value) {
        if (address == 0) {
            array[at] = (byte) value;
        } else {
            Native.putByte(address + at, value);
        }
    }

    final boolean same(int at, byte[] buffer, int offset, int length) {
        return address == 0
                ? Arrays.equals(array, at, at + length, buffer, offset, offset + length)
                : Native.same(address + at, buffer, offset, length);
    }

    final byte[] copy(int at, int length) {
        if (address == 0) {
            return Arrays.copyOfRange(array, at, at + length);
        }
        byte[] copy = new byte[length];
        Native.get(address + at, copy, 0, length);
        return copy;
    }

    /** Copies all of it into an array, from an offset on. */
    final void copyTo(byte[] to, int offset) {
        if (address == 0) {
            System.arraycopy(array, 0, to, offset, end);
        } else {
            Native.get(address, to, offset, end);
        }
    }

    final void put(int at, byte[] from) {
        if (address == 0) {
            System.arraycopy(from, 0, array, at, from.length);
        } else {
            Native.put(from, 0, address + at, from.length);
        }
    }

    /** Writes some of it as a bulk. */
    final void bulk(int at, int length, ReplyWriter out) {
        ByteBuf to = out.beginBulk(length);
        if (address == 0) {
            to.writeBytes(array, at, length);
        } else {
            Native.write(address + at, length, to);
        }
        out.endBulk();
    }

    /** Makes a gap of {@code gap} bytes where {@code gone} were. */
    final void open(int at, int gone, int gap) {
        if (gap == gone) {
            return;
        }
        int after = end - at - gone;
        int needed = end + gap - gone;
        if (address != 0 && needed <= room) {
            Native.copy(address + at + gone, address + at + gap, after);
        } else if (address != 0) {
            byte[] own = new byte[needed + needed / 4];
            Native.get(address, own, 0, at);
            Native.get(address + at + gone, own, at + gap, after);
            array = own;
            address = 0;
        } else {
            byte[] from = array;
            if (needed > from.length) {
                array = Arrays.copyOf(from, needed + needed / 4);
            }
            System.arraycopy(from, at + gone, array, at + gap, after);
        }
        end = needed;
    }

    /** Moves bytes to another place among those that are there; both may overlap. */
    final void shift(int from, int to, int length) {
        if (address == 0) {
            System.arraycopy(array, from, array, to, length);
        } else {
            Native.copy(address + from, address + to, length);
        }
    }

    /** After a removal: lets go of an array that is more than twice as large as is needed. */
    final void shrink() {
        if (address == 0 && array.length > WORTH_SHRINKING && end < array.length / 2) {
            array = Arrays.copyOf(array, end + end / 8);
        }
    }
}
