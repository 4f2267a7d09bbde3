package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Native;

/** Guarded by its segment's lock: moves the segment's records out of pages that are nearly empty. */
final class Compaction {
    private static final int AT_ONCE = 32;

    private final Region region;
    private final Slabs slabs;
    private final KeyTable table;
    private int looked;

    Compaction(Region region, Slabs slabs, KeyTable table) {
        this.region = region;
        this.slabs = slabs;
        this.table = table;
    }

    /** Looks at some places of the table from where it last ended. */
    void step() {
        if (!slabs.sparse()) {
            return;
        }
        for (int i = 0; i < AT_ONCE; i++) {
            looked = looked + 1 < table.capacity() ? looked + 1 : 0;
            long place = table.place(looked);
            int handle = KeyTable.handle(place);
            int better = place == 0 ? 0 : slabs.fuller(handle);
            if (better != 0) {
                long at = region.address(handle);
                Native.copy(at, region.address(better), Layout.total(at));
                table.move(KeyTable.hash(place), handle, better);
                slabs.free(handle);
            }
        }
    }
}
