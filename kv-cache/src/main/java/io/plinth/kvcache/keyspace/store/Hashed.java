package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.value.HashValue;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: the segment's records by their hash, which is all that wheel and queues keep. */
public final class Hashed {
    private static final int CACHE_LINE = 64;

    private final Region region;
    private final KeyTable table;
    private final HeapValues heap;

    Hashed(Region region, KeyTable table, HeapValues heap) {
        this.region = region;
        this.table = table;
        this.heap = heap;
    }

    private long at(int handle) {
        return Layout.expireAt(region.address(handle));
    }

    /** What is where a look-up of a hash begins. Without the lock: as it stands, or stood. */
    public long home(int hash) {
        return table.atHome(hash);
    }

    /** Reads some of the record that a place with this hash names, and of those behind it; what for, only the caches know. Without the lock. */
    public long glance(int hash, long home) {
        long place = home != 0 && KeyTable.hash(home) != hash ? table.behind(hash) : home;
        if (place == 0) {
            return 0;
        }
        // What a handle named once has memory for good, to the end of its page.
        long at = region.address(KeyTable.handle(place));
        return (long) Native.getByte(at)
                + Native.getByte(at + Math.min(CACHE_LINE, Region.PAGE - 1 - (at & (Region.PAGE - 1))));
    }

    /** Whether a handle names a record of this hash now. */
    public boolean has(int hash, int handle) {
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            if (table.at(i) == handle) {
                return true;
            }
        }
        return false;
    }

    /** How many places there are to begin {@link #near} at. */
    public int places() {
        return table.capacity();
    }

    /** Some record at or after a place; 0 only when there is none. */
    public long near(int start) {
        return table.near(start);
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

    /** The first hash with this hash that has fields whose time is over; 0 when there is none. */
    public int fieldsOver(int hash, long nowMillis) {
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            HashValue fields = fields(table.at(i));
            if (fields != null && fields.firstExpiry() != 0 && fields.firstExpiry() <= nowMillis) {
                return table.at(i);
            }
        }
        return 0;
    }

    /** The hash a record holds where it is none of the packed ones, whose fields have no expiry; else null. */
    private @Nullable HashValue fields(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.COLLECTION && heap.get(Records.number(at)) instanceof HashValue hash
                ? hash
                : null;
    }

    private long next(int handle, long nowMillis) {
        HashValue fields = fields(handle);
        long look = fields == null ? 0 : fields.nextLook(nowMillis);
        return look == 0 ? at(handle) : Math.min(look, at(handle));
    }

    /** When records with this hash, or fields of theirs, are over next; {@link Records#NEVER} for never. */
    public long earliest(int hash, long nowMillis) {
        long earliest = Records.NEVER;
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            earliest = Math.min(earliest, next(table.at(i), nowMillis));
        }
        return earliest;
    }

    /** Has a wheel visit every one that expires. */
    public void arm(ExpiryWheel wheel, long nowMillis) {
        table.forEach(place -> {
            long at = next(KeyTable.handle(place), nowMillis);
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
