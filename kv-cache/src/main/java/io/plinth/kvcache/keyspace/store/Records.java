package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.PackedBytes;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.util.Arrays;
import java.util.function.LongConsumer;

/**
 * Guarded by its segment's lock: the keys of one segment, each a record in native memory, as its string is.
 *
 * <p>A handle names a record until the record changes its size; whoever changes one takes the handle that is answered.
 */
public final class Records {
    /** The expiry of a key that has none: later than every time. */
    public static final long NEVER = Long.MAX_VALUE;

    /** What a record costs in the table and in the queue of eviction. */
    public static final int SHARE = KeyTable.SHARE + 5;
    /** What an expiry costs in the wheel. */
    public static final int WHEEL_SHARE = 5;

    private final Region region;
    private final Slabs slabs;
    private final KeyTable table = new KeyTable();
    private final HeapValues heap;
    private final KeyHash hasher;
    private final Uses uses;
    private final ItemMarks marks;
    private final Taken taken = new Taken();
    private final Compaction compaction;
    private final Hashed hashed;
    private final Growing growing;
    private final LongStrings strings;
    private final StoredStrings stored;
    private final StoredKeys keys;

    /** With the hash that large collections have their members by. */
    public Records(Region region, Slabs slabs, KeyHash hasher) {
        this.region = region;
        this.slabs = slabs;
        this.hasher = hasher;
        this.uses = new Uses(region);
        this.marks = new ItemMarks(region, this);
        this.strings = new LongStrings(region, slabs);
        this.heap = new HeapValues(strings, new ElementBlocks(region, slabs));
        this.stored = new StoredStrings(region, heap, strings);
        this.keys = new StoredKeys(region, heap);
        this.compaction = new Compaction(region, slabs, table, heap, strings);
        this.hashed = new Hashed(region, table, heap);
        this.growing = new Growing(region, table, heap, strings);
    }

    /** What its segment accounts them with. */
    public Taken taken() {
        return taken;
    }

    /** What eviction notes in them. */
    public Uses uses() {
        return uses;
    }

    /** What memcached's clients know of them. */
    public ItemMarks marks() {
        return marks;
    }

    /** What is found by hashes alone. */
    public Hashed hashed() {
        return hashed;
    }

    /** Its strings, to be read. */
    public StoredStrings strings() {
        return stored;
    }

    /** Its strings that have room to grow. */
    public Growing growing() {
        return growing;
    }

    /** How many there are. */
    public int size() {
        return table.size();
    }

    /** The record of a key; 0 when there is none. */
    public int find(int hash, int db, byte[] buffer, int offset, int length) {
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            int handle = table.at(i);
            if (keys.is(handle, db, buffer, offset, length)) {
                return handle;
            }
        }
        return 0;
    }

    /** Adds a string under a key that is not there; copies both. */
    public int addString(
            int hash, int db, int slot, byte[] key, int offset, int length, byte[] value, int from, int count) {
        if (length >= Layout.LONG_KEY || Layout.HEAD + length + count > Slabs.MOST) {
            return addObject(hash, db, slot, key, offset, length, strings.make(value, from, count));
        }
        int handle = create(hash, db, slot, Layout.INLINE, key, offset, length, count);
        long at = region.address(handle);
        Layout.length(at, count);
        Native.put(value, from, Layout.valueAt(at), count);
        return handle;
    }

    /** Adds a string that came in pieces under a key that is not there. */
    public int addString(int hash, int db, int slot, byte[] key, int offset, int length, StoredStrings.Arrival value) {
        return addObject(hash, db, slot, key, offset, length, value.take());
    }

    /** Adds a collection, or a long string, under a key that is not there; keeps it as it is given. */
    private int addObject(int hash, int db, int slot, byte[] key, int offset, int length, Object value) {
        int holds = value instanceof LongString ? Layout.HEAP : Layout.COLLECTION;
        boolean longKey = length >= Layout.LONG_KEY;
        int handle;
        try {
            handle = create(hash, db, slot, holds, key, offset, longKey ? Layout.LONG_KEY : length, Integer.BYTES);
        } catch (NoRoomException e) {
            heap.stranded(value);
            throw e;
        }
        int number = longKey ? heap.add(Arrays.copyOfRange(key, offset, offset + length), value) : heap.add(value);
        Native.putInt(Layout.valueAt(region.address(handle)), number);
        return handle;
    }

    /** Adds a collection under a key that is not there; a small one's elements are copied into the record. */
    public int addCollection(int hash, int db, int slot, byte[] key, int offset, int length, Value value) {
        PackedBytes bytes = value.packed();
        if (bytes == null || length >= Layout.LONG_KEY || Layout.HEAD + length + Packs.size(bytes) > Slabs.MOST) {
            return addObject(hash, db, slot, key, offset, length, value);
        }
        int handle;
        try {
            handle = create(hash, db, slot, Layout.PACKED, key, offset, length, Packs.size(bytes));
        } catch (NoRoomException e) {
            heap.stranded(value);
            throw e;
        }
        long at = region.address(handle);
        Packs.describe(at, value, bytes);
        Packs.settle(at, bytes, false);
        return handle;
    }

    /**
     * A collection was changed, by way of the very object that {@link #collection} or {@link #addCollection} was about: brings its
     * record up to date. Answers the record's handle from now on.
     */
    public int changed(int hash, int handle, Value value) {
        long at = region.address(handle);
        boolean packed = Layout.holds(at) == Layout.PACKED;
        PackedBytes bytes = !packed && Layout.keyLength(at) == Layout.LONG_KEY ? null : value.packed();
        if (packed && bytes != null && bytes.inRecord() && Packs.size(bytes) == Layout.length(at)) {
            return handle;
        }
        int head = Layout.headSize(at);
        // What was on the heap comes back only when it is well below the limit, so that it does not come and go.
        if (bytes == null || head + Packs.size(bytes) > (packed ? Slabs.MOST : Slabs.MOST / 2)) {
            if (!packed) {
                heap.settle(value);
                return handle;
            }
            if (bytes != null) {
                bytes.leave();
            }
            return toHeap(hash, handle, Layout.COLLECTION, value);
        }
        int before = Layout.total(at);
        int number = packed ? -1 : number(at);
        boolean there = bytes.inRecord();
        if (there) {
            Packs.describe(at, value, bytes);
        }
        int now;
        try {
            now = resize(hash, handle, before, head + Packs.size(bytes));
        } catch (NoRoomException noMemory) {
            // What was changed in its place may be half of a change: all of it is kept, on the heap.
            if (packed) {
                bytes.leave();
                return toHeap(hash, handle, Layout.COLLECTION, value);
            }
            return handle;
        }
        at = region.address(now);
        Packs.describe(at, value, bytes);
        Packs.settle(at, bytes, there);
        if (number >= 0) {
            heap.remove(number);
        }
        return now;
    }

    private int create(int hash, int db, int slot, int holds, byte[] key, int offset, int length, int body) {
        int inline = length == Layout.LONG_KEY ? 0 : length;
        int handle = slabs.allocate(Layout.HEAD + inline + body);
        long at = region.address(handle);
        Layout.create(at, holds, db, slot, length);
        Native.put(key, offset, Layout.keyAt(at), inline);
        table.add(hash, handle);
        return handle;
    }

    /** Removes a record. */
    public void remove(int hash, int handle) {
        table.remove(hash, handle);
        long at = region.address(handle);
        if (!Layout.inside(at)) {
            heap.remove(number(at));
        }
        slabs.free(handle);
    }

    /** Of its value on the heap. */
    static int number(long at) {
        return Native.getInt(Layout.valueAt(at));
    }

    /** Gives a record room for so many bytes; what it holds is copied as far as it fits. */
    private int resize(int hash, int handle, int before, int bytes) {
        if (Slabs.taken(before) == Slabs.taken(bytes)) {
            return handle;
        }
        int moved = slabs.allocate(bytes);
        Native.copy(region.address(handle), region.address(moved), Math.min(before, bytes));
        table.move(hash, handle, moved);
        slabs.free(handle);
        return moved;
    }

    /** Makes the value this string, whatever it was; copies it. Answers the record's handle from now on. */
    public int string(int hash, int handle, byte[] value, int from, int count) {
        if (isString(handle)) {
            return replaced(hash, handle, value, from, count);
        }
        ValueType before = type(handle);
        long bytes = bytes(handle);
        int now = replaced(hash, handle, value, from, count);
        taken.move(before, ValueType.STRING, bytes);
        return now;
    }

    /** Makes the value a string that came in pieces, whatever it was. Answers the record's handle from now on. */
    public int string(int hash, int handle, StoredStrings.Arrival value) {
        ValueType before = type(handle);
        long bytes = bytes(handle);
        int now = replaced(hash, handle, value.take());
        taken.move(before, ValueType.STRING, bytes);
        return now;
    }

    private int replaced(int hash, int handle, byte[] value, int from, int count) {
        long at = region.address(handle);
        int idle = ItemMarks.idle(at);
        int head = Layout.headSize(at) - idle;
        int number = Layout.inside(at) ? -1 : number(at);
        if (Layout.keyLength(at) != Layout.LONG_KEY && head + count <= Slabs.MOST) {
            int now = resize(hash, handle, Layout.total(at), head + count);
            if (number >= 0) {
                heap.remove(number);
            }
            at = region.address(now);
            Layout.item(at, Layout.hasItem(at) && idle == 0);
            Layout.holds(at, Layout.INLINE);
            Layout.length(at, count);
            Native.put(value, from, at + head, count);
            return now;
        }
        if (number >= 0 && heap.get(number) instanceof LongString string) {
            strings.set(string, value, from, count);
            return handle;
        }
        return replaced(hash, handle, strings.make(value, from, count));
    }

    private int replaced(int hash, int handle, LongString string) {
        long at = region.address(handle);
        if (Layout.inside(at)) {
            return outside(hash, handle, string);
        }
        heap.set(number(at), string);
        Layout.holds(at, Layout.HEAP);
        return handle;
    }

    /**
     * Puts bytes into the string from a place on, with zeros before them where it was shorter; copies them. {@code scarce}: it gets
     * little room to grow. Answers the record's handle from now on.
     */
    public int put(int hash, int handle, int place, byte[] part, boolean scarce) {
        long at = region.address(handle);
        int length = stored.length(handle);
        int after = Math.max(length, Math.addExact(place, part.length));
        int head = Layout.headSize(at);
        if (Layout.inside(at) && head + after <= Slabs.MOST) {
            int now = resize(hash, handle, head + length, head + after);
            long value = region.address(now) + head;
            Native.zero(value + length, Math.max(0, place - length));
            Native.put(part, 0, value + place, part.length);
            Layout.length(region.address(now), after);
            return now;
        }
        if (!Layout.inside(at)) {
            if (strings.put(stored.at(at), place, part, scarce)) {
                growing.add(hash);
            }
            return handle;
        }
        LongString string = strings.joined(stored.copy(handle), place, part, scarce);
        growing.add(hash);
        return outside(hash, handle, string);
    }

    /** Has a record name this string instead of what was in it. */
    private int outside(int hash, int handle, LongString string) {
        try {
            return toHeap(hash, handle, Layout.HEAP, string);
        } catch (NoRoomException noMemory) {
            strings.free(string);
            throw noMemory;
        }
    }

    private int toHeap(int hash, int handle, int holds, Object value) {
        int head = Layout.headSize(region.address(handle));
        int before = Layout.total(region.address(handle));
        int now = handle;
        try {
            now = resize(hash, handle, before, head + Integer.BYTES);
        } catch (NoRoomException noMemory) {
            // Its place does as well, where it is not too small.
            if (Slabs.taken(before) < head + Integer.BYTES) {
                throw noMemory;
            }
        }
        long at = region.address(now);
        Layout.holds(at, holds);
        Native.putInt(at + head, heap.add(value));
        return now;
    }

    /** Has a record's value lie outside; gives a place back that was taken for afterwards where that fails. */
    private int outside(int hash, int handle, int taken) {
        try {
            return outside(hash, handle);
        } catch (IllegalStateException noMemory) {
            if (taken != 0) {
                slabs.free(taken);
            }
            throw noMemory;
        }
    }

    private int outside(int hash, int handle) {
        if (isString(handle)) {
            return outside(hash, handle, strings.make(stored.copy(handle), 0, stored.length(handle)));
        }
        Value value = collection(handle);
        PackedBytes bytes = value.packed();
        if (bytes != null) {
            bytes.leave();
        }
        return toHeap(hash, handle, Layout.COLLECTION, value);
    }

    /** Unix milliseconds after which the key is gone, or {@link #NEVER}. */
    public long expireAt(int handle) {
        return Layout.expireAt(region.address(handle));
    }

    /** Changes it; answers the record's handle from now on. */
    public int expireAt(int hash, int handle, long expireAt) {
        int before = Layout.expirySize(region.address(handle));
        int after = Layout.sizeOfExpiry(expireAt);
        int now = handle;
        if (before != after) {
            now = room(hash, handle, Layout.HEAD, before, after);
            Layout.expirySize(region.address(now), after);
        }
        if (after != 0) {
            Layout.expireAt(region.address(now), expireAt);
        }
        return now;
    }

    /** Makes room for {@code after} bytes where {@code before} are, in front of the value; the caller notes it. */
    int room(int hash, int given, int where, int before, int after) {
        int handle = given;
        long at = region.address(handle);
        int total = Layout.total(at);
        // Where there is no place the record is left as it was: so the last one it needs is taken first.
        int place = 0;
        if (Layout.inside(at) && total - before + after > Slabs.MOST) {
            int bare = Layout.headSize(at) + Integer.BYTES;
            place = Slabs.taken(bare) == Slabs.taken(bare - before + after) ? 0 : slabs.allocate(bare - before + after);
            handle = outside(hash, handle, place);
            at = region.address(handle);
            total = Layout.total(at);
        } else if (Slabs.taken(total) != Slabs.taken(total - before + after)) {
            place = slabs.allocate(total - before + after);
        }
        int body = total - where - before;
        long to = at;
        if (place == 0) {
            place = handle;
        } else {
            to = region.address(place);
            Native.copy(at, to, where);
        }
        Native.copy(at + where + before, to + where + after, body);
        if (place != handle) {
            table.move(hash, handle, place);
            slabs.free(handle);
            handle = place;
        }
        return handle;
    }

    /** Moves some records into fuller pages. Handles that were taken before hold no more. */
    public void compact() {
        compaction.step();
    }

    /** The records' keys. */
    public StoredKeys keys() {
        return keys;
    }

    /** Whether it holds a string. */
    public boolean isString(int handle) {
        int holds = Layout.holds(region.address(handle));
        return holds == Layout.INLINE || holds == Layout.HEAP;
    }

    /** The collection, where it is a small one each time another object; to be changed only through the segment. */
    public Value collection(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.PACKED ? Packs.view(at, hasher) : (Value) heap.get(number(at));
    }

    /** What it holds. */
    public ValueType type(int handle) {
        long at = region.address(handle);
        return switch (Layout.holds(at)) {
            case Layout.PACKED -> Packs.type(at);
            case Layout.COLLECTION -> ((Value) heap.get(number(at))).type();
            default -> ValueType.STRING;
        };
    }

    /** What it is accounted with. */
    public long bytes(int handle) {
        long at = region.address(handle);
        long own = (long) Slabs.share(Layout.total(at)) + SHARE + (Layout.expirySize(at) == 0 ? 0 : WHEEL_SHARE);
        return Layout.inside(at) ? own : own + heap.bytes(number(at));
    }

    public int db(int handle) {
        return Layout.db(region.address(handle));
    }

    /** The key's slot over 256. */
    public int slotHigh(int handle) {
        return Layout.slotHigh(region.address(handle));
    }

    /** A place's hash. */
    public static int hash(long place) {
        return KeyTable.hash(place);
    }

    /** A place's handle. */
    public static int handle(long place) {
        return KeyTable.handle(place);
    }

    /** Visits every record, hash above and handle below; the visitor adds and removes none. */
    public void forEach(LongConsumer visitor) {
        table.forEach(visitor);
    }

    /** Visits the records of one step of a scan; answers the hash to go on from, or {@link KeyTable#END}. */
    public long scan(long from, LongConsumer visitor) {
        return table.scan(from, visitor);
    }
}
