package io.plinth.kvcache.keyspace.store;

/** Guarded by its segment's lock: the segment's records by their hash, which is all that wheel and queues keep. */
public final class Hashed {
    private final Region region;
    private final KeyTable table;

    Hashed(Region region, KeyTable table) {
        this.region = region;
        this.table = table;
    }

    private long at(int handle) {
        return Layout.expireAt(region.address(handle));
    }

    /** The first record with this hash whose time is over; 0 when there is none. */
    public int overdue(int hash, long nowMillis) {
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            if (nowMillis > at(table.at(i))) {
                return table.at(i);
            }
        }
        return 0;
    }

    /** The earliest expiry of the records with this hash, {@link Records#NEVER} without any. */
    public long earliest(int hash) {
        long earliest = Records.NEVER;
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            earliest = Math.min(earliest, at(table.at(i)));
        }
        return earliest;
    }

    /** Has a wheel visit every one that expires. */
    public void arm(ExpiryWheel wheel) {
        table.forEach(place -> {
            long at = at(KeyTable.handle(place));
            if (at != Records.NEVER) {
                wheel.arm(KeyTable.hash(place), at);
            }
        });
    }

    /** The place of a record with this hash that is in a queue and marked or not; 0 when there is none. */
    long queued(int hash, int queue, boolean marked) {
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            int handle = table.at(i);
            long at = region.address(handle);
            if (Layout.queue(at) == queue && Layout.marked(at) == marked) {
                return (long) hash << 32 | (handle & 0xffff_ffffL);
            }
        }
        return 0;
    }
}
