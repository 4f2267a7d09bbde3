package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Native;
import java.util.Arrays;

/** Guarded by its segment's lock: reads the keys of the segment's records, short ones there and long ones on the heap. */
public final class StoredKeys {
    private final Region region;
    private final HeapValues heap;

    StoredKeys(Region region, HeapValues heap) {
        this.region = region;
        this.heap = heap;
    }

    /** Whether a record is of this key. */
    boolean is(int handle, int db, byte[] buffer, int offset, int length) {
        long at = region.address(handle);
        if (Layout.db(at) != db) {
            return false;
        }
        int own = Layout.keyLength(at);
        if (own == Layout.LONG_KEY) {
            byte[] key = heap.key(Records.number(at));
            return Arrays.equals(key, 0, key.length, buffer, offset, offset + length);
        }
        return own == length && Native.same(Layout.keyAt(at), buffer, offset, length);
    }

    /** A record's key, a copy. */
    public byte[] copy(int handle) {
        long at = region.address(handle);
        int length = Layout.keyLength(at);
        if (length == Layout.LONG_KEY) {
            return heap.key(Records.number(at));
        }
        byte[] key = new byte[length];
        Native.get(Layout.keyAt(at), key, 0, length);
        return key;
    }

    /** How long a record's key is. */
    public int length(int handle) {
        long at = region.address(handle);
        int length = Layout.keyLength(at);
        return length == Layout.LONG_KEY ? heap.key(Records.number(at)).length : length;
    }

    /** Copies a record's key to a place that has room for it. */
    public void read(int handle, byte[] to, int offset) {
        long at = region.address(handle);
        int length = Layout.keyLength(at);
        if (length == Layout.LONG_KEY) {
            byte[] key = heap.key(Records.number(at));
            System.arraycopy(key, 0, to, offset, key.length);
        } else {
            Native.get(Layout.keyAt(at), to, offset, length);
        }
    }
}
