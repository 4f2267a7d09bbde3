package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Blocks;

/** Guarded by the slabs: memory for the elements of collections that no record has room for. A place that moves to another segment goes back to where it is from. */
final class ElementBlocks implements Blocks {
    private final Region region;
    private final Slabs slabs;

    ElementBlocks(Region region, Slabs slabs) {
        this.region = region;
        this.slabs = slabs;
    }

    @Override
    public int room(int bytes) {
        return Slabs.taken(bytes);
    }

    @Override
    public long allocate(int bytes) {
        return region.address(bytes == Region.PAGE ? slabs.page() : slabs.allocate(bytes));
    }

    @Override
    public void free(long address, int bytes) {
        if (bytes == Region.PAGE) {
            slabs.givePage(region.handle(address));
        } else {
            slabs.free(region.handle(address));
        }
    }

    @Override
    public long fuller(long address, int bytes) {
        int better = slabs.fuller(region.handle(address));
        return better == 0 ? 0 : region.address(better);
    }

    @Override
    public int share(int bytes) {
        return bytes == Region.PAGE ? Region.PAGE : Slabs.share(bytes);
    }
}
