package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.value.Value;

/** Guarded by its segment's lock: moves the segment's records, long strings and collections' elements out of pages that are nearly empty. */
final class Compaction {
    private static final int AT_ONCE = 32;
    private static final int BYTES_AT_ONCE = 64 << 10;

    private final Region region;
    private final Slabs slabs;
    private final KeyTable table;
    private final HeapValues heap;
    private final LongStrings strings;
    private int looked;

    Compaction(Region region, Slabs slabs, KeyTable table, HeapValues heap, LongStrings strings) {
        this.region = region;
        this.slabs = slabs;
        this.table = table;
        this.heap = heap;
        this.strings = strings;
    }

    /** Looks at some places of the table from where it last ended. */
    void step() {
        if (!slabs.sparse()) {
            return;
        }
        int copied = 0;
        for (int i = 0; i < AT_ONCE && copied < BYTES_AT_ONCE; i++) {
            looked = looked + 1 < table.capacity() ? looked + 1 : 0;
            long place = table.place(looked);
            int handle = KeyTable.handle(place);
            if (place == 0) {
                continue;
            }
            if (!Layout.inside(region.address(handle))) {
                copied += compact(heap.get(Records.number(region.address(handle))));
            }
            int better = slabs.fuller(handle);
            if (better != 0) {
                long at = region.address(handle);
                Native.copy(at, region.address(better), Layout.total(at));
                table.move(KeyTable.hash(place), handle, better);
                slabs.free(handle);
            }
        }
    }

    private int compact(Object value) {
        if (value instanceof LongString string) {
            return strings.compact(string);
        }
        Elements elements = ((Value) value).elements();
        return elements == null ? 0 : elements.compact();
    }
}
