package io.plinth.kvcache.keyspace.store;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.wire.Lasting;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: where a string that no record has room for lies in native memory. Its bytes are whole pages, and
 * then places of pages that several share. So pages of all strings are alike, none is left that no string fits into, and what lies
 * idle is what a page of places leaves open.
 */
final class LongString {
    /** What it takes beside its bytes: itself and the head of an array. */
    private static final int OVERHEAD = 72;

    private static final long[] NONE = {};

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

    /** By page, how many views had been opened when it came: none of these has it. Of use where {@link #held} is there. */
    long[] born = NONE;

    int length() {
        return length;
    }

    /** Whether a page is read by a view, so that it must stay as it is. */
    boolean isViewed(int page) {
        Held readers = held;
        return readers != null && readers.has(born[page]);
    }

    /** Puts another page in the place of one; answers whether nobody has that one any more. */
    boolean exchange(int page, int handle) {
        int before = chunks[page];
        if (listed) {
            chunks = chunks.clone();
            listed = false;
        }
        chunks[page] = handle;
        Held readers = held;
        if (readers == null) {
            return true;
        }
        boolean kept = readers.keep(before, born[page]);
        born[page] = readers.opened();
        return !kept;
    }

    /** Other pages came from one on. */
    void came(int from, int all) {
        Held readers = held;
        if (readers != null) {
            born = Arrays.copyOf(born, all);
            Arrays.fill(born, Math.min(from, all), all, readers.opened());
        }
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
        born = other.born;
        other.chunks = new int[0];
        other.pages = 0;
        other.tail = 0;
        other.length = 0;
        other.room = 0;
        other.places = 0;
        other.held = null;
        other.listed = false;
        other.born = NONE;
    }

    /**
     * Guarded by itself: the views of one string, in the order they were opened. A page that the string has no more is kept by the last
     * of those that have it, and goes to the one before when that is closed, or back where that was opened before it came.
     */
    static final class Held {
        private final Slabs slabs;
        private @Nullable View last;
        private long opened;

        Held(Slabs slabs) {
            this.slabs = slabs;
        }

        synchronized long opened() {
            return opened;
        }

        synchronized boolean isOpen() {
            return last != null;
        }

        /** Whether a view has a page that came when so many had been opened. */
        synchronized boolean has(long born) {
            return last != null && last.number > born;
        }

        private synchronized void open(View view) {
            view.number = ++opened;
            view.before = last;
            if (last != null) {
                last.after = view;
            }
            last = view;
        }

        /** Keeps a page for the views that have it; answers false where none has. */
        synchronized boolean keep(int page, long born) {
            if (last == null || last.number <= born) {
                return false;
            }
            last.keep(page, born);
            slabs.held(1);
            return true;
        }

        private synchronized void close(View view) {
            View before = view.before;
            View after = view.after;
            if (before != null) {
                before.after = after;
            }
            if (after == null) {
                last = before;
            } else {
                after.before = before;
            }
            for (int i = 0; i < view.count; i++) {
                if (before != null && before.number > view.births[i]) {
                    before.keep(view.left[i], view.births[i]);
                } else {
                    slabs.held(-1);
                    slabs.givePage(view.left[i]);
                }
            }
            view.count = 0;
        }
    }

    /** Used by one thread at a time, whichever: bytes of a string of whole pages as they were when it was opened. */
    static final class View implements Lasting {
        private static final int[] NO_PAGES = {};
        private static final long[] NO_BIRTHS = {};

        private final Region region;
        private final Held held;
        private final int[] pages;
        private final int from;
        private final int length;
        private boolean closed;
        /** Which of the string's views it is. This and what follows is guarded by what keeps them in order. */
        private long number;

        private @Nullable View before;
        private @Nullable View after;
        /** Pages that the string has no more, and when they came. */
        private int[] left = NO_PAGES;

        private long[] births = NO_BIRTHS;
        private int count;

        View(Region region, Held held, int[] pages, int from, int length) {
            this.region = region;
            this.held = held;
            this.pages = pages;
            this.from = from;
            this.length = length;
            held.open(this);
        }

        private void keep(int page, long born) {
            if (count == left.length) {
                int more = Math.max(4, count << 1);
                left = Arrays.copyOf(left, more);
                births = Arrays.copyOf(births, more);
            }
            left[count] = page;
            births[count++] = born;
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
                held.close(this);
            }
        }
    }

    /** What it is accounted with. */
    long taken() {
        return OVERHEAD + places + ((long) chunks.length << 2);
    }
}
