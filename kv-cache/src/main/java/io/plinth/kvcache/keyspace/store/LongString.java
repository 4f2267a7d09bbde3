package io.plinth.kvcache.keyspace.store;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.wire.Lasting;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: where a string that no record has room for lies in native memory. Its bytes are whole pages, and
 * then places of pages that several share. So pages of all strings are alike, none is left that no string fits into, and what lies
 * idle is what a page of places leaves open.
 */
final class LongString {
    /** What it takes beside its bytes: itself and the head of an array. */
    private static final int OVERHEAD = 56;

    /** Names of pages, then of places. */
    int[] chunks = new int[0];

    /** How many pages. */
    int pages;

    /** Which places, see {@link LongStrings}. */
    int tail;

    int length;

    /** How many bytes there is room for. */
    int room;

    /** What pages and places are accounted with. */
    long places;

    /** Who reads it as it was at a moment; null where nobody ever did. */
    @Nullable
    Held held;

    /** A view has the same list of pages. */
    boolean listed;

    /** Which pages came since the last view was opened, so that none has them. */
    final BitSet fresh = new BitSet();

    int length() {
        return length;
    }

    /** Whether a page is read by a view, so that it must stay as it is. */
    boolean isViewed(int page) {
        Held readers = held;
        return readers != null && !fresh.get(page) && readers.isOpen();
    }

    /** Puts another page in the place of one; answers whether nobody has that one any more. */
    boolean exchange(int page, int handle) {
        int before = chunks[page];
        if (listed) {
            chunks = chunks.clone();
            listed = false;
        }
        chunks[page] = handle;
        fresh.set(page);
        Held readers = held;
        return readers == null || !readers.keep(before);
    }

    /** Has what another one had, which has nothing from now on. */
    void become(LongString other) {
        chunks = other.chunks;
        pages = other.pages;
        tail = other.tail;
        length = other.length;
        room = other.room;
        places = other.places;
        held = other.held;
        listed = other.listed;
        fresh.clear();
        fresh.or(other.fresh);
        other.chunks = new int[0];
        other.pages = 0;
        other.tail = 0;
        other.length = 0;
        other.room = 0;
        other.places = 0;
        other.held = null;
        other.listed = false;
    }

    /** Guarded by itself: how many views there are, and the pages that they have and the string has no more. */
    static final class Held {
        private final Slabs slabs;
        private int views;
        private int[] left = new int[4];
        private int count;

        Held(Slabs slabs) {
            this.slabs = slabs;
        }

        synchronized void open() {
            views++;
        }

        synchronized boolean isOpen() {
            return views > 0;
        }

        /** Keeps a page until the last view is closed; answers false where there is none. */
        synchronized boolean keep(int page) {
            if (views == 0) {
                return false;
            }
            if (count == left.length) {
                left = Arrays.copyOf(left, count << 1);
            }
            left[count++] = page;
            slabs.held(1);
            return true;
        }

        synchronized void close() {
            views--;
            if (views == 0 && count > 0) {
                slabs.held(-count);
                for (int i = 0; i < count; i++) {
                    slabs.givePage(left[i]);
                }
                count = 0;
                left = new int[4];
            }
        }
    }

    /** Used by one thread at a time, whichever: bytes of a string of whole pages as they were when it was opened. */
    static final class View implements Lasting {
        private final Region region;
        private final Held held;
        private final int[] pages;
        private final int from;
        private final int length;
        private boolean closed;

        View(Region region, Held held, int[] pages, int from, int length) {
            this.region = region;
            this.held = held;
            this.pages = pages;
            this.from = from;
            this.length = length;
            held.open();
        }

        @Override
        public int length() {
            return length;
        }

        private long address(int at) {
            int place = from + at;
            return region.address(pages[place >> Region.PAGE_BITS]) + (place & (Region.PAGE - 1));
        }

        private int run(int at, int wanted) {
            return Math.min(wanted, Region.PAGE - ((from + at) & (Region.PAGE - 1)));
        }

        @Override
        public void write(int at, int count, ByteBuf to) {
            for (int done = 0; done < count; ) {
                int run = run(at + done, count - done);
                Native.write(address(at + done), run, to);
                done += run;
            }
        }

        @Override
        public void read(int at, byte[] to, int offset, int count) {
            for (int done = 0; done < count; ) {
                int run = run(at + done, count - done);
                Native.get(address(at + done), to, offset + done, run);
                done += run;
            }
        }

        @Override
        public void release() {
            if (!closed) {
                closed = true;
                held.close();
            }
        }
    }

    /** What it is accounted with. */
    long taken() {
        return OVERHEAD + places + ((long) chunks.length << 2);
    }
}
