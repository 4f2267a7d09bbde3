package io.plinth.kvcache.keyspace.stream;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.memory.NoRoomException;

/** Guarded by its key's segment lock: numbers of eight bytes in a native place, or in an array while no segment has room for them. */
final class Cells {
    /** This object, and what refers to it. */
    static final int OBJECT = 36;

    private static final long[] NONE = {};
    private static final int ARRAY_HEAD = 16;

    private final PendingMemory memory;
    private long[] array = NONE;
    /** Where they lie in native memory; 0 where they are in the array. */
    private long address;

    private int room;
    /** How many are in use, for its owner. */
    int used;

    /** With room for so many. */
    Cells(PendingMemory memory, int room) {
        this.memory = memory;
        memory.took(OBJECT);
        room(room);
    }

    int room() {
        return room;
    }

    long get(int index) {
        return address == 0 ? array[index] : Native.getLong(address + ((long) index << 3));
    }

    void put(int index, long value) {
        if (address == 0) {
            array[index] = value;
        } else {
            Native.putLong(address + ((long) index << 3), value);
        }
    }

    /** Moves some to another place; both may overlap. */
    void move(int from, int to, int count) {
        if (address == 0) {
            System.arraycopy(array, from, array, to, count);
        } else {
            Native.copy(address + ((long) from << 3), address + ((long) to << 3), (long) count << 3);
        }
    }

    /** Copies some of another's to a place. */
    void copy(Cells other, int from, int to, int count) {
        for (int i = 0; i < count; i++) {
            put(to + i, other.get(from + i));
        }
    }

    private long taken() {
        Blocks from = memory.blocks;
        if (address != 0 && from != null) {
            return from.share(room << 3);
        }
        return array.length == 0 ? 0 : ARRAY_HEAD + 8L * array.length;
    }

    /** Has room for so many, of which those in use fit; in native memory where there is some. */
    void room(int wanted) {
        Blocks from = memory.blocks;
        if (from != null) {
            int bytes = from.room(wanted << 3) & -Long.BYTES;
            try {
                long place = from.allocate(bytes);
                memory.took(-taken());
                if (address == 0) {
                    for (int i = 0; i < used; i++) {
                        Native.putLong(place + ((long) i << 3), array[i]);
                    }
                    array = NONE;
                } else {
                    Native.copy(address, place, (long) used << 3);
                    from.free(address, room << 3);
                }
                address = place;
                room = bytes >> 3;
                memory.took(taken());
                return;
            } catch (NoRoomException e) {
                memory.outside = true;
            }
        }
        toArray(wanted);
    }

    private void toArray(int wanted) {
        long[] next = new long[wanted];
        for (int i = 0; i < used; i++) {
            next[i] = get(i);
        }
        give();
        array = next;
        room = wanted;
        memory.took(taken());
    }

    private void give() {
        memory.took(-taken());
        Blocks from = memory.blocks;
        if (address != 0 && from != null) {
            from.free(address, room << 3);
        }
        address = 0;
        array = NONE;
        room = 0;
    }

    /** Its memory goes to the segment's, where it is not there. */
    void settle() {
        if (address == 0) {
            room(Math.max(1, used));
        }
    }

    /** Its memory is on the heap from now on. */
    void leave() {
        if (address != 0) {
            toArray(used);
        }
    }

    /** It is of no more use. */
    void release() {
        give();
        memory.took(-OBJECT);
    }

    /** Moves it out of a page that is nearly empty; answers how many bytes that copied. */
    int compact() {
        Blocks from = memory.blocks;
        if (address == 0 || from == null) {
            return 0;
        }
        long better = from.fuller(address, room << 3);
        if (better == 0) {
            return 0;
        }
        Native.copy(address, better, (long) used << 3);
        from.free(address, room << 3);
        address = better;
        return used << 3;
    }
}
