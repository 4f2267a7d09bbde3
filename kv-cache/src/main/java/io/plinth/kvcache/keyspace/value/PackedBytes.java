package io.plinth.kvcache.keyspace.value;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.ByteLog;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: elements as one run of bytes. They are in an array; or in the place that their key's record has
 * for them in native memory; or, longer than that, in a native place of their own; or, longer than any place, in a log.
 *
 * <p>What no longer fits its record's place goes on in an array, until the segment has found it another place. Its own place grows as
 * they do, and has its room before them or behind them, wherever it was needed last, so that both ends are cheap. Where there is no
 * larger one they go on in an array, too; who wants them refused instead asks for room first ({@link #reserve}).
 */
public abstract sealed class PackedBytes implements Elements permits ListPack, IntegerPack {
    private static final byte[] NONE = new byte[0];
    private static final int WORTH_SHRINKING = 64;
    /** What a place up to this long gets a quarter more than is needed; longer ones are much rounder than that. */
    private static final int OFTEN_GROWING = 2040;

    /** This object. */
    private static final int OBJECT = 56;

    private byte[] array;
    /** Where the bytes lie in native memory; 0 where they are in the array or the log. */
    private long address;

    /** How many bytes there is room for from there on, and before. */
    private int room;

    private int before;
    private int end;
    private @Nullable ByteLog log;
    /** Where its own place is from; null while it is in a record, or no segment has it. */
    private @Nullable Blocks blocks;

    private boolean moving;

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

    /** None yet, with a place of its own from there for so many bytes; {@link NoRoomException} where there is none. */
    PackedBytes(Blocks from, int bytes) {
        this.array = NONE;
        this.blocks = from;
        reserve(bytes);
    }

    /** How many elements there are. */
    public final int count() {
        return count;
    }

    /** How many bytes. */
    public final int length() {
        return end;
    }

    /** What it takes where it is in no record. */
    final long bytes() {
        ByteLog in = log;
        Blocks from = blocks;
        if (in != null) {
            return OBJECT + in.bytes();
        }
        return OBJECT + (address != 0 && from != null ? from.share(before + room) : Value.arrayBytes(array.length));
    }

    /** Whether they lie in a record. */
    public final boolean inRecord() {
        return address != 0 && blocks == null;
    }

    /** Whether they lie in native memory that is their own. */
    final boolean isHoused() {
        return log != null || (address != 0 && blocks != null);
    }

    /** They belong into a record now, which has this place for so many: copies them, or knows that it has them already. */
    public final void settle(long place, int size, boolean there) {
        moving = false;
        if (!there) {
            copyTo(place);
            vacate();
            array = NONE;
        }
        blocks = null;
        address = place;
        before = 0;
        room = size;
    }

    @Override
    public final void settle(Blocks to) {
        moving = false;
        Blocks from = blocks == null ? to : blocks;
        blocks = from;
        if (!isHoused() && end > 0) {
            try {
                house(from, end);
            } catch (NoRoomException e) {
                // It stays in an array, accounted for as before, and is asked again when it next changes.
                return;
            }
        }
    }

    /** Where it has its own place from; null where it has none. */
    final @Nullable Blocks blocks() {
        return blocks;
    }

    @Override
    public final void moving() {
        moving = isHoused();
    }

    @Override
    public final void stranded() {
        moving = false;
        release();
    }

    @Override
    public final void leave() {
        if (moving) {
            return;
        }
        if (address != 0 || log != null) {
            toArray(end);
        }
        blocks = null;
    }

    @Override
    public final void release() {
        if (!moving && isHoused()) {
            vacate();
            end = 0;
            count = 0;
            blocks = null;
        }
    }

    @Override
    public final int compact() {
        ByteLog in = log;
        Blocks from = blocks;
        if (in != null) {
            return in.compact();
        }
        if (address == 0 || from == null) {
            return 0;
        }
        int size = before + room;
        long better = from.fuller(address - before, size);
        if (better == 0) {
            return 0;
        }
        Native.copy(address, better + before, end);
        from.free(address - before, size);
        address = better + before;
        return end;
    }

    /** Gives its own native memory back; where the bytes are is for the caller to say. */
    private void vacate() {
        ByteLog in = log;
        Blocks from = blocks;
        if (in != null) {
            in.release();
            log = null;
        } else if (address != 0 && from != null) {
            from.free(address - before, before + room);
        }
        address = 0;
        before = 0;
        room = 0;
    }

    /** Copies them into an array of this length. */
    private void toArray(int length) {
        byte[] own = new byte[length];
        copyTo(own, 0);
        vacate();
        array = own;
    }

    /**
     * Copies them into native memory of their own that has room for so many; where there is none they stay where they are.
     */
    private void house(Blocks from, int needed) {
        if (needed > Blocks.LONGEST_PLACE) {
            ByteLog next = logged(from, needed);
            vacate();
            log = next;
        } else {
            int more = needed > end && needed <= OFTEN_GROWING ? needed >> 2 : 0;
            int size = from.room(needed + more);
            long place = from.allocate(size);
            copyTo(place);
            vacate();
            address = place;
            room = size;
        }
        array = NONE;
    }

    private ByteLog logged(Blocks from, int needed) {
        ByteLog next = new ByteLog();
        next.settle(from);
        next.reserve(needed);
        ByteLog in = log;
        if (address != 0) {
            next.append(address, end);
        } else if (in != null) {
            next.append(in, 0, end);
        } else {
            next.append(array, end);
        }
        return next;
    }

    private void copyTo(long place) {
        ByteLog in = log;
        if (address != 0) {
            Native.copy(address, place, end);
        } else if (in != null) {
            Native.put(in.copy(0, end), 0, place, end);
        } else {
            Native.put(array, 0, place, end);
        }
    }

    /**
     * Has room in native memory for so many bytes more, where a segment has it: what is put in next, and is no longer, goes on there.
     * {@link NoRoomException} where there is none; then it stays as it was.
     */
    final void reserve(int more) {
        Blocks from = blocks;
        ByteLog in = log;
        if (from == null) {
            return;
        }
        if (in != null) {
            in.reserve(more);
        } else if (address == 0 || end + more > before + room) {
            house(from, end + more);
        }
    }

    /** Where they lie in native memory; 0 where they do not, or not together. */
    final long address() {
        return address;
    }

    final int u8(int at) {
        if (address != 0) {
            return Native.getByte(address + at);
        }
        ByteLog in = log;
        return in == null ? array[at] & 0xff : in.u8(at);
    }

    final void u8(int at, int value) {
        ByteLog in = log;
        if (address != 0) {
            Native.putByte(address + at, value);
        } else if (in == null) {
            array[at] = (byte) value;
        } else {
            in.u8(at, value);
        }
    }

    final boolean same(int at, byte[] buffer, int offset, int length) {
        if (address != 0) {
            return Native.same(address + at, buffer, offset, length);
        }
        ByteLog in = log;
        return in == null
                ? Arrays.equals(array, at, at + length, buffer, offset, offset + length)
                : in.same(at, buffer, offset, length);
    }

    final byte[] copy(int at, int length) {
        byte[] copy = new byte[length];
        ByteLog in = log;
        if (address != 0) {
            Native.get(address + at, copy, 0, length);
        } else if (in == null) {
            System.arraycopy(array, at, copy, 0, length);
        } else {
            in.get(at, copy, 0, length);
        }
        return copy;
    }

    /** Copies all of it into an array, from an offset on. */
    final void copyTo(byte[] to, int offset) {
        ByteLog in = log;
        if (address != 0) {
            Native.get(address, to, offset, end);
        } else if (in == null) {
            System.arraycopy(array, 0, to, offset, end);
        } else {
            in.get(0, to, offset, end);
        }
    }

    final void put(int at, byte[] from) {
        put(at, from, from.length);
    }

    final void put(int at, byte[] from, int length) {
        ByteLog in = log;
        if (address != 0) {
            Native.put(from, 0, address + at, length);
        } else if (in == null) {
            System.arraycopy(from, 0, array, at, length);
        } else {
            in.put(at, from, length);
        }
    }

    /** Writes some of it as a bulk. */
    final void bulk(int at, int length, ReplyWriter out) {
        ByteBuf to = out.beginBulk(length);
        ByteLog in = log;
        if (address != 0) {
            Native.write(address + at, length, to);
        } else if (in == null) {
            to.writeBytes(array, at, length);
        } else {
            in.write(at, length, to);
        }
        out.endBulk();
    }

    /** Appends some bytes of another. */
    final void append(PackedBytes from, int at, int length) {
        open(end, 0, length);
        put(end - length, from.copy(at, length));
    }

    /** Makes a gap of {@code gap} bytes where {@code gone} were. */
    final void open(int at, int gone, int gap) {
        if (gap == gone) {
            return;
        }
        int needed = Math.addExact(end, gap - gone);
        if (address != 0 && needed > before + room) {
            grow(needed);
        }
        if (log != null) {
            openLog(at, gone, gap, needed);
        } else if (address != 0) {
            openPlace(at, gone, gap, needed);
        } else {
            openArray(at, gone, gap, needed);
        }
        end = needed;
    }

    private void openArray(int at, int gone, int gap, int needed) {
        byte[] from = array;
        if (needed > from.length) {
            array = Arrays.copyOf(from, needed + needed / 4);
        }
        System.arraycopy(from, at + gone, array, at + gap, end - at - gone);
    }

    /** Where it is a log: at its end in place, else by way of an array. */
    private void openLog(int at, int gone, int gap, int needed) {
        ByteLog in = log;
        if (in != null && at == end && gone == 0) {
            try {
                in.reserve(gap);
                in.extend(gap);
                return;
            } catch (NoRoomException e) {
                // On in an array.
                toArray(needed);
            }
        } else {
            toArray(Math.max(end, needed));
        }
        openArray(at, gone, gap, needed);
    }

    private void grow(int needed) {
        Blocks from = blocks;
        if (from == null) {
            toArray(needed + needed / 4);
            return;
        }
        try {
            house(from, needed);
        } catch (NoRoomException e) {
            toArray(needed);
        }
    }

    /** In its place, which has room for what is needed; a record's begins where it does. */
    private void openPlace(int at, int gone, int gap, int needed) {
        int more = gap - gone;
        int after = end - at - gone;
        if (blocks == null) {
            Native.copy(address + at + gone, address + at + gap, after);
        } else if (at == 0 && before >= more) {
            begin(-more);
        } else if (at == 0 && after > 0) {
            // All room to the front, as more may follow there.
            int forward = room - needed;
            Native.copy(address + gone, address + forward + gap, after);
            begin(forward);
        } else if (needed <= room) {
            Native.copy(address + at + gone, address + at + gap, after);
        } else if (before >= more) {
            Native.copy(address, address - more, at);
            begin(-more);
        } else {
            long place = address - before;
            Native.copy(address, place, at);
            Native.copy(address + at + gone, place + at + gap, after);
            begin(-before);
        }
    }

    private void begin(int by) {
        address += by;
        before += by;
        room -= by;
    }

    /** Moves bytes to another place among those that are there; both may overlap. */
    final void shift(int from, int to, int length) {
        ByteLog in = log;
        if (address != 0) {
            Native.copy(address + from, address + to, length);
        } else if (in == null) {
            System.arraycopy(array, from, array, to, length);
        } else {
            in.put(to, in.copy(from, length));
        }
    }

    /** After a removal: lets go of an array, or a place, that is more than twice as large as is needed. */
    final void shrink() {
        Blocks from = blocks;
        if (address == 0) {
            if (log == null && array.length > WORTH_SHRINKING && end < array.length / 2) {
                array = Arrays.copyOf(array, end + end / 8);
            }
        } else if (from != null && before + room > WORTH_SHRINKING && end > 0 && end < (before + room) / 2) {
            fit();
        }
    }

    /** Has a place of its own that is no longer than need be, where there is such a one. */
    final void fit() {
        Blocks from = blocks;
        if (from == null || address == 0 || end == 0 || from.room(end) == before + room) {
            return;
        }
        try {
            house(from, end);
        } catch (NoRoomException e) {
            // It keeps what it has: not even a smaller place is to be had.
            return;
        }
    }
}
