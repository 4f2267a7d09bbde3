package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Native;

/**
 * Guarded by its segment's lock: what memcached's clients know of strings beside their bytes. It lies in the string's own record, and
 * takes nothing where there is nothing to say:
 *
 * <pre>
 *  0  how many bytes the flags have (2 bits: none, 1, 2, 4), room for a CAS number (1), stale (1), won (1)
 *  1  flags
 *     CAS number (8); 0 where nobody was told one
 * </pre>
 *
 * Whatever changes the value empties it and keeps its room, so that no change fails for this; the next value that finds it empty
 * gives the room up.
 */
public final class ItemMarks {
    /** The value is out of date. */
    public static final int STALE = 1;
    /** Somebody was told to make the value anew. */
    public static final int WON = 2;

    private static final int FLAGS = 3;
    private static final int CAS = 1 << 2;
    private static final int BITS_SHIFT = 3;

    private final Region region;
    private final Records records;

    ItemMarks(Region region, Records records) {
        this.region = region;
        this.records = records;
    }

    /** How many bytes one takes that begins with this byte. */
    static int size(int first) {
        return 1 + flagBytes(first) + ((first & CAS) == 0 ? 0 : Long.BYTES);
    }

    private static int flagBytes(int first) {
        int code = first & FLAGS;
        return code == FLAGS ? Integer.BYTES : code;
    }

    private static int codeOf(int flags) {
        if (flags == 0) {
            return 0;
        }
        return flags >>> Byte.SIZE == 0 ? 1 : flags >>> Short.SIZE == 0 ? 2 : FLAGS;
    }

    /** Client flags; 0 where none were given. */
    public int flags(int handle) {
        long at = region.address(handle);
        if (!Layout.hasItem(at)) {
            return 0;
        }
        long mark = Layout.itemAt(at);
        return switch (Native.getByte(mark) & FLAGS) {
            case 0 -> 0;
            case 1 -> Native.getByte(mark + 1);
            case 2 -> Native.getShort(mark + 1);
            default -> Native.getInt(mark + 1);
        };
    }

    /** The CAS number; 0 where nobody was told one since the value came. */
    public long cas(int handle) {
        long at = region.address(handle);
        if (!Layout.hasItem(at)) {
            return 0;
        }
        long mark = Layout.itemAt(at);
        int first = Native.getByte(mark);
        return (first & CAS) == 0 ? 0 : Native.getLong(mark + 1 + flagBytes(first));
    }

    /** {@link #STALE} and {@link #WON}, as far as they are so. */
    public int bits(int handle) {
        long at = region.address(handle);
        return Layout.hasItem(at) ? Native.getByte(Layout.itemAt(at)) >> BITS_SHIFT : 0;
    }

    /** Whether a memcached client has read the value. */
    public boolean fetched(int handle) {
        return Layout.fetched(region.address(handle));
    }

    /** Says so. */
    public void fetched(int handle, boolean yes) {
        Layout.fetched(region.address(handle), yes);
    }

    /** The value is another one: nothing is known of it. */
    public void clear(int handle) {
        long at = region.address(handle);
        if (Layout.bare(at)) {
            return;
        }
        Layout.fetched(at, false);
        if (Layout.hasItem(at)) {
            long mark = Layout.itemAt(at);
            write(mark, Native.getByte(mark) & (FLAGS | CAS), 0, 0);
        }
    }

    /** Says what is known; answers the record's handle from now on. */
    public int set(int hash, int handle, int flags, long cas, int bits) {
        long at = region.address(handle);
        boolean there = Layout.hasItem(at);
        if (!there && flags == 0 && cas == 0 && bits == 0) {
            return handle;
        }
        int room = there ? Native.getByte(Layout.itemAt(at)) : 0;
        int first = Math.max(room & FLAGS, codeOf(flags)) | (room & CAS) | (cas == 0 ? 0 : CAS);
        int before = there ? size(room) : 0;
        int now = handle;
        if (before != size(first)) {
            int where = (int) (Layout.itemAt(at) - at);
            now = records.room(hash, handle, where, before, size(first));
            at = region.address(now);
            Layout.item(at, true);
        }
        write(Layout.itemAt(at), first | bits << BITS_SHIFT, flags, cas);
        return now;
    }

    private static void write(long mark, int first, int flags, long cas) {
        Native.putByte(mark, first);
        switch (first & FLAGS) {
            case 0 -> {}
            case 1 -> Native.putByte(mark + 1, flags);
            case 2 -> Native.putShort(mark + 1, flags);
            default -> Native.putInt(mark + 1, flags);
        }
        if ((first & CAS) != 0) {
            Native.putLong(mark + 1 + flagBytes(first), cas);
        }
    }

    /** How many bytes it has that say nothing. */
    static int idle(long at) {
        if (!Layout.hasItem(at)) {
            return 0;
        }
        long mark = Layout.itemAt(at);
        int first = Native.getByte(mark);
        int size = size(first);
        int said = first >> BITS_SHIFT;
        for (int i = 1; i < size; i++) {
            said |= Native.getByte(mark + i);
        }
        return said == 0 ? size : 0;
    }
}
