package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.Native;
import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;

/**
 * Guarded by itself; shared by a few segments, so that pages which are not full are few: places for records of 16 to 2040 bytes,
 * longer ones for parts of long strings and for elements, and whole pages. A page has places of one size. Its head says how many are taken and chains the free ones; pages with free places of one size
 * are chained, those that were full last first, so that sparse ones empty and go back to the {@link Region}.
 */
public final class Slabs {
    /** The largest place of a record: an eighth of a page. */
    static final int MOST = 2040;

    /** Places of long strings: halves of pages, quarters, and what records have, too. */
    static final int[] LONG = {Blocks.LONGEST_PLACE, 4088, MOST};

    private static final int LEAST = 16;
    private static final int FINE = 256;
    private static final int FINE_CLASSES = (FINE - LEAST) / 8 + 1;
    private static final int FINE_BITS = 8;
    private static final int STEPS_BITS = 3;
    private static final int SHORT_CLASSES = FINE_CLASSES + 3 * (1 << STEPS_BITS);
    /** Places for elements of collections that are longer than a record: a seventh of a page to its half. */
    private static final int[] LONGER = {2336, 2720, 3264, LONG[1], 5448, LONG[0]};

    private static final int CLASSES = SHORT_CLASSES + LONGER.length;
    private static final int[] SIZES = sizes();

    private static final int HEAD = 32;
    private static final int CLASS = 0;
    private static final int USED = 2;
    /** Of the first free place, its number plus one. */
    private static final int FREE = 4;
    /** How many places were ever taken: the rest lies behind them. */
    private static final int TOUCHED = 6;

    private static final int NEXT = 8;
    private static final int PREVIOUS = 12;

    /** Where a page could go in this many, those that are not full are emptied into fuller ones. */
    private static final int SPARED = 8;

    private static final int FEWEST_SPARED = 2;
    private static final int LOOKED_AT = 8;

    /** What a record of each size is accounted with. */
    private static final int[] SHARES = shares();

    private final Region region;
    private final LongConsumer beside;
    private final int[] partial = new int[CLASSES];
    /** Pages of each size. */
    private final int[] pages = new int[CLASSES];
    /** Places that are taken, of each size. */
    private final int[] places = new int[CLASSES];

    /** Pages that are no places. */
    private int whole;

    /** Whether pages of some size are so empty that their records are worth moving. */
    private volatile boolean sparse;

    /** With pages of this region. */
    public Slabs(Region region) {
        this(region, bytes -> {});
    }

    /** {@code beside} is told what is taken beside keys, or given back where negative. */
    public Slabs(Region region, LongConsumer beside) {
        this.region = region;
        this.beside = beside;
    }

    /** A string of so many bytes that comes piece by piece; {@code room} says whether so many may be taken, before they are. */
    public StoredStrings.Arrival arrival(int length, LongPredicate room) {
        return new StoredStrings.Arrival(region, this, length, room, beside);
    }

    /** One that is there, on its way to another key. */
    StoredStrings.Arrival arrival(LongString string) {
        return new StoredStrings.Arrival(region, this, string, beside);
    }

    /** So many pages more, or fewer, are no key's and are still read. */
    void held(int pages) {
        beside.accept((long) pages << Region.PAGE_BITS);
    }

    private static int classOf(int bytes) {
        if (bytes <= FINE) {
            return Math.max(0, ((bytes + 7) >> 3) - LEAST / 8);
        }
        if (bytes > MOST) {
            int longer = 0;
            while (bytes > LONGER[longer]) {
                longer++;
            }
            return SHORT_CLASSES + longer;
        }
        int bits = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(bytes - 1);
        return FINE_CLASSES + ((bits - FINE_BITS) << STEPS_BITS) + ((bytes - 1 - (1 << bits)) >> (bits - STEPS_BITS));
    }

    private static int[] sizes() {
        int[] sizes = new int[CLASSES];
        for (int i = 0; i < FINE_CLASSES; i++) {
            sizes[i] = LEAST + (i << 3);
        }
        for (int i = FINE_CLASSES; i < SHORT_CLASSES; i++) {
            int coarse = i - FINE_CLASSES;
            int bits = FINE_BITS + (coarse >> STEPS_BITS);
            sizes[i] = Math.min(MOST, (1 << bits) + (((coarse & ((1 << STEPS_BITS) - 1)) + 1) << (bits - STEPS_BITS)));
        }
        System.arraycopy(LONGER, 0, sizes, SHORT_CLASSES, LONGER.length);
        return sizes;
    }

    private static int sizeOf(int sizeClass) {
        return SIZES[sizeClass];
    }

    /** What a record of so many bytes takes. */
    static int taken(int bytes) {
        return sizeOf(classOf(bytes));
    }

    /** What a record of so many bytes is accounted with: its share of its page. */
    static int share(int bytes) {
        return SHARES[classOf(bytes)];
    }

    private static int[] shares() {
        int[] shares = new int[CLASSES];
        Arrays.setAll(shares, i -> Region.PAGE / capacity(sizeOf(i)));
        return shares;
    }

    /** Bytes of the places and whole pages that are taken. */
    public synchronized long bytes() {
        long sum = (long) whole << Region.PAGE_BITS;
        for (int i = 0; i < CLASSES; i++) {
            sum += (long) places[i] * sizeOf(i);
        }
        return sum;
    }

    /** Whether records are worth moving. Looked up without the lock. */
    boolean sparse() {
        return sparse;
    }

    /** How many pages of a size would be left over if the others were full. */
    private int spare(int sizeClass) {
        int capacity = capacity(sizeOf(sizeClass));
        return pages[sizeClass] - (places[sizeClass] + capacity - 1) / capacity;
    }

    private boolean sparse(int sizeClass) {
        return spare(sizeClass) > Math.max(FEWEST_SPARED, pages[sizeClass] / SPARED);
    }

    /** Looks anew whether any size's pages are sparse. */
    public synchronized void lookAgain() {
        boolean found = false;
        for (int i = 0; i < CLASSES && !found; i++) {
            found = sparse(i);
        }
        sparse = found;
    }

    /**
     * A place for a record in a page that is fuller than its own, where that is less full than most of its size; else 0. Records
     * only ever go to fuller pages, so this ends.
     */
    synchronized int fuller(int handle) {
        int page = region.pageOf(region.address(handle));
        long head = region.pageAddress(page);
        int sizeClass = Native.getShort(head + CLASS);
        int used = Native.getShort(head + USED);
        if (!sparse(sizeClass) || (long) used * pages[sizeClass] > places[sizeClass]) {
            return 0;
        }
        int best = 0;
        int most = used;
        int other = partial[sizeClass];
        for (int i = 0; i < LOOKED_AT && other != 0; i++) {
            long at = region.pageAddress(other);
            int taken = Native.getShort(at + USED);
            if (other != page && (taken > most || (best == 0 && taken == most && other < page))) {
                best = other;
                most = taken;
            }
            other = Native.getInt(at + NEXT);
        }
        if (best == 0) {
            return 0;
        }
        if (partial[sizeClass] != best) {
            unlink(sizeClass, region.pageAddress(best));
            link(sizeClass, best, region.pageAddress(best));
        }
        return allocate(sizeOf(sizeClass));
    }

    /** A place for so many bytes, of undefined contents. */
    synchronized int allocate(int bytes) {
        int sizeClass = classOf(bytes);
        int size = sizeOf(sizeClass);
        int page = partial[sizeClass];
        long head;
        if (page == 0) {
            page = region.take();
            head = region.pageAddress(page);
            Native.putShort(head + CLASS, sizeClass);
            Native.putShort(head + USED, 0);
            Native.putShort(head + FREE, 0);
            Native.putShort(head + TOUCHED, 0);
            link(sizeClass, page, head);
            pages[sizeClass]++;
        } else {
            head = region.pageAddress(page);
        }
        int number = Native.getShort(head + FREE);
        long at;
        if (number != 0) {
            at = head + HEAD + (long) (number - 1) * size;
            Native.putShort(head + FREE, Native.getShort(at));
        } else {
            int touched = Native.getShort(head + TOUCHED);
            at = head + HEAD + (long) touched * size;
            Native.putShort(head + TOUCHED, touched + 1);
        }
        int used = Native.getShort(head + USED) + 1;
        Native.putShort(head + USED, used);
        places[sizeClass]++;
        if (used == capacity(size)) {
            unlink(sizeClass, head);
        }
        return region.handle(at);
    }

    /** A whole page, of undefined contents. */
    synchronized int page() {
        int page = region.take();
        whole++;
        return region.handle(region.pageAddress(page));
    }

    /** Takes a whole page back. */
    synchronized void givePage(int handle) {
        whole--;
        region.give(region.pageOf(region.address(handle)));
    }

    /** How many bytes a place has. Looked up without the lock, for a place that is taken. */
    int size(int handle) {
        return sizeOf(Native.getShort(region.pageAddress(region.pageOf(region.address(handle))) + CLASS));
    }

    private static int capacity(int size) {
        return (Region.PAGE - HEAD) / size;
    }

    /** Takes a place back. */
    synchronized void free(int handle) {
        long at = region.address(handle);
        int page = region.pageOf(at);
        long head = region.pageAddress(page);
        int sizeClass = Native.getShort(head + CLASS);
        int size = sizeOf(sizeClass);
        Native.putShort(at, Native.getShort(head + FREE));
        Native.putShort(head + FREE, (int) ((at - head - HEAD) / size) + 1);
        int used = Native.getShort(head + USED) - 1;
        Native.putShort(head + USED, used);
        places[sizeClass]--;
        if (used == capacity(size) - 1) {
            link(sizeClass, page, head);
        }
        if (used == 0 && (partial[sizeClass] != page || Native.getInt(head + NEXT) != 0)) {
            unlink(sizeClass, head);
            pages[sizeClass]--;
            region.give(page);
        }
    }

    private void link(int sizeClass, int page, long head) {
        int first = partial[sizeClass];
        Native.putInt(head + NEXT, first);
        Native.putInt(head + PREVIOUS, 0);
        if (first != 0) {
            Native.putInt(region.pageAddress(first) + PREVIOUS, page);
        }
        partial[sizeClass] = page;
    }

    private void unlink(int sizeClass, long head) {
        int before = Native.getInt(head + PREVIOUS);
        int after = Native.getInt(head + NEXT);
        if (before != 0) {
            Native.putInt(region.pageAddress(before) + NEXT, after);
        } else {
            partial[sizeClass] = after;
        }
        if (after != 0) {
            Native.putInt(region.pageAddress(after) + PREVIOUS, before);
        }
    }
}
