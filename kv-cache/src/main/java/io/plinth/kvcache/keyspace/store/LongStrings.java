package io.plinth.kvcache.keyspace.store;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.wire.Lasting;
import io.plinth.kvcache.wire.LongArguments;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: gives the segment's {@link LongString}s their bytes.
 *
 * <p>Behind a string's pages there is at most one place of each of {@link Slabs#LONG}, and one shorter one: a bit for each of those,
 * and the size of the last, together are the string's tail.
 */
final class LongStrings {
    /** Up to this share of its length a string may leave open, so that it is in fewer pieces. */
    private static final int OPEN_SHIFT = 6;

    private static final int MOST_OPEN = 256;

    /** What grows where memory is short gets this share more. */
    private static final int SCARCE_SHIFT = 4;

    /** A string that grows gets at least about this share more. */
    private static final int GROWTH_SHIFT = 5;

    /** The bits of a tail. */
    private static final int LONG = (1 << Slabs.LONG.length) - 1;

    private static final int MOST = Integer.MAX_VALUE - 8;

    /** From so many bytes on a string is pages alone, so that it can be viewed, and come, page by page. */
    static final int WHOLE_PAGES = LongArguments.LONG;

    private final Region region;
    private final Slabs slabs;

    /** What was last looked for: where it lies, and how many bytes lie together from there on. */
    private long address;

    private int run;

    LongStrings(Region region, Slabs slabs) {
        this.region = region;
        this.slabs = slabs;
    }

    /** A copy of some bytes. */
    LongString make(byte[] from, int offset, int length) {
        LongString made = new LongString();
        set(made, from, offset, length);
        return made;
    }

    /** A copy of some bytes, with others put into it. */
    LongString joined(byte[] from, int at, byte[] part, boolean scarce) {
        LongString made = make(from, 0, from.length);
        try {
            put(made, at, part, scarce);
        } catch (NoRoomException noMemory) {
            free(made);
            throw noMemory;
        }
        return made;
    }

    /** Makes it a copy of some bytes. Where there is no room for them it stays as it was. */
    void set(LongString string, byte[] from, int offset, int length) {
        if (isViewed(string)) {
            LongString next = make(from, offset, length);
            free(string);
            string.become(next);
            return;
        }
        shape(string, length, 0);
        string.length = length;
        write(string, 0, from, offset, length);
    }

    /** Puts bytes in from a place on, with zeros before them where it was shorter; answers whether it got room to grow. */
    boolean put(LongString string, int at, byte[] part, boolean scarce) {
        int after = Math.max(string.length, Math.addExact(at, part.length));
        own(string, Math.min(at, string.length), Math.min(at + part.length, string.room));
        // A long one is whole pages, also where a few places had room for it.
        boolean grows = after > string.room || (after >= WHOLE_PAGES && string.tail != 0);
        if (grows) {
            int more = scarce
                    ? Math.min(after >> SCARCE_SHIFT, Region.PAGE)
                    : Math.min(after, Math.max(Region.PAGE, after >> GROWTH_SHIFT));
            shape(string, (int) Math.min(MOST, (long) after + more), string.length);
        }
        zero(string, string.length, at);
        write(string, at, part, 0, part.length);
        string.length = after;
        return grows;
    }

    /** Takes its room to grow; answers about how many bytes that copied. */
    int trim(LongString string) {
        int before = string.chunks.length;
        try {
            shape(string, string.length, string.length);
        } catch (NoRoomException noMemory) {
            // It keeps what it has: not even a smaller place is to be had.
            return 0;
        }
        return string.chunks.length == before ? 0 : Region.PAGE;
    }

    /** Gives its bytes back; those that a view has when that is closed. */
    void free(LongString string) {
        free(string, string.chunks, 0, string.pages, string.chunks.length);
        string.chunks = new int[0];
    }

    /** What so many of its bytes are now, whatever becomes of it; null for a string that is not whole pages. */
    @Nullable
    Lasting view(LongString string, int from, int length) {
        if (string.length < WHOLE_PAGES || string.chunks.length > string.pages) {
            return null;
        }
        LongString.Held held = string.held;
        if (held == null) {
            held = new LongString.Held(slabs);
            string.held = held;
            string.born = new long[string.pages];
        }
        string.listed = true;
        return new LongString.View(region, held, string.chunks, from, length);
    }

    /** Whether views have its pages, so that what is written to is copied. */
    static boolean isViewed(LongString string) {
        LongString.Held held = string.held;
        return held != null && held.isOpen();
    }

    /** The bytes of a string of whole pages, which has none from now on; null for another one. */
    StoredStrings.@Nullable Arrival leaving(LongString string) {
        if (string.length < WHOLE_PAGES || string.chunks.length > string.pages) {
            return null;
        }
        LongString left = new LongString();
        left.become(string);
        return slabs.arrival(left);
    }

    /** Has bytes that are to be written lie in pages that no view has. */
    private void own(LongString string, int from, int to) {
        int end = Math.min(string.pages, (int) (((long) to + Region.PAGE - 1) >> Region.PAGE_BITS));
        for (int i = from >> Region.PAGE_BITS; i < end; i++) {
            if (string.isViewed(i)) {
                int page = slabs.page();
                int before = string.chunks[i];
                Native.copy(region.address(before), region.address(page), Region.PAGE);
                if (string.exchange(i, page)) {
                    slabs.givePage(before);
                }
            }
        }
    }

    /** Copies so many of its bytes. */
    void read(LongString string, int from, byte[] to, int offset, int length) {
        for (int done = 0; done < length; done += run) {
            locate(string, from + done, length - done);
            Native.get(address, to, offset + done, run);
        }
    }

    /** Appends all of it to a buffer that has room for it. */
    void write(LongString string, ByteBuf to) {
        for (int done = 0; done < string.length; done += run) {
            locate(string, done, string.length - done);
            Native.write(address, run, to);
        }
    }

    private void write(LongString string, int at, byte[] from, int offset, int length) {
        for (int done = 0; done < length; done += run) {
            locate(string, at + done, length - done);
            Native.put(from, offset + done, address, run);
        }
    }

    private void zero(LongString string, int from, int to) {
        for (int at = from; at < to; at += run) {
            locate(string, at, to - at);
            Native.zero(address, run);
        }
    }

    /** Moves its places out of pages that are nearly empty; answers how many bytes it copied. */
    int compact(LongString string) {
        int moved = 0;
        for (int i = string.pages; i < string.chunks.length; i++) {
            int handle = string.chunks[i];
            int better = slabs.fuller(handle);
            if (better != 0) {
                int size = slabs.size(handle);
                Native.copy(region.address(handle), region.address(better), size);
                string.chunks[i] = better;
                slabs.free(handle);
                moved += size;
            }
        }
        return moved;
    }

    /** Looks for one of its bytes, and how many of {@code wanted} lie together from there on. */
    private void locate(LongString string, int at, int wanted) {
        int page = at >> Region.PAGE_BITS;
        if (page < string.pages) {
            int inside = at & (Region.PAGE - 1);
            address = region.address(string.chunks[page]) + inside;
            run = Math.min(wanted, Region.PAGE - inside);
            return;
        }
        int rest = at - (string.pages << Region.PAGE_BITS);
        int chunk = string.pages;
        int size = string.tail & ~LONG;
        for (int i = 0; i < Slabs.LONG.length; i++) {
            if ((string.tail & 1 << i) != 0) {
                if (rest < Slabs.LONG[i]) {
                    size = Slabs.LONG[i];
                    break;
                }
                rest -= Slabs.LONG[i];
                chunk++;
            }
        }
        address = region.address(string.chunks[chunk]) + rest;
        run = Math.min(wanted, size - rest);
    }

    private static int open(int length) {
        return Math.min(length >> OPEN_SHIFT, MOST_OPEN);
    }

    /** How many pages a string of so many bytes has, so that it leaves little open. */
    private static int pages(int length) {
        if (length >= WHOLE_PAGES) {
            return (int) (((long) length + Region.PAGE - 1) >> Region.PAGE_BITS);
        }
        return (int) (((long) length + open(length)) >> Region.PAGE_BITS);
    }

    /** The tail of one. */
    private static int tail(int length) {
        if (length >= WHOLE_PAGES) {
            return 0;
        }
        int open = open(length);
        int rest = length - (pages(length) << Region.PAGE_BITS);
        int tail = 0;
        for (int i = 0; i < Slabs.LONG.length && rest >= Slabs.MOST; i++) {
            // One larger than the rest, where that leaves little open and two shorter ones were needed.
            boolean next = i + 1 == Slabs.LONG.length || rest > Slabs.LONG[i + 1];
            if (rest >= Slabs.LONG[i] || (next && Slabs.LONG[i] - rest <= open)) {
                rest -= Slabs.LONG[i];
                tail |= 1 << i;
            }
        }
        return rest > 0 ? tail | Slabs.taken(rest) : tail;
    }

    /** Gives it places for so many bytes, with the first {@code kept} of what it has. Where there are none it stays as it was. */
    private void shape(LongString string, int length, int kept) {
        int pages = pages(length);
        int tail = tail(length);
        if (pages == string.pages && tail == string.tail) {
            return;
        }
        int staying = Math.min(pages, string.pages);
        LongString next = new LongString();
        next.pages = pages;
        next.tail = tail;
        next.chunks = chunks(string.chunks, staying, pages, tail);
        for (int at = staying << Region.PAGE_BITS; at < kept; at += run) {
            locate(string, at, kept - at);
            long from = address;
            locate(next, at, run);
            Native.copy(from, address, run);
        }
        free(string, string.chunks, staying, string.pages, string.chunks.length);
        string.came(staying, pages);
        string.listed = false;
        long room = (long) pages << Region.PAGE_BITS;
        long places = room;
        for (int i = 0; i <= Slabs.LONG.length; i++) {
            int size = size(tail, i);
            room += size;
            places += size == 0 ? 0 : Slabs.share(size);
        }
        string.chunks = next.chunks;
        string.pages = pages;
        string.tail = tail;
        string.room = (int) Math.min(MOST, room);
        string.places = places;
    }

    /** The size of the place that a bit of a tail, or its last number, stands for; 0 where it has none. */
    private static int size(int tail, int i) {
        if (i == Slabs.LONG.length) {
            return tail & ~LONG;
        }
        return (tail & 1 << i) == 0 ? 0 : Slabs.LONG[i];
    }

    /** Some that there are, then as many new ones as are missing. */
    private int[] chunks(int[] before, int staying, int pages, int tail) {
        int last = (tail & ~LONG) == 0 ? 0 : 1;
        int[] chunks = new int[pages + Integer.bitCount(tail & LONG) + last];
        System.arraycopy(before, 0, chunks, 0, staying);
        int count = staying;
        try {
            while (count < pages) {
                chunks[count] = slabs.page();
                count++;
            }
            for (int i = 0; i <= Slabs.LONG.length; i++) {
                if (size(tail, i) != 0) {
                    chunks[count] = slabs.allocate(size(tail, i));
                    count++;
                }
            }
        } catch (NoRoomException noMemory) {
            free(null, chunks, staying, pages, count);
            throw noMemory;
        }
        return chunks;
    }

    /** Gives back some of a list of pages and places. */
    private void free(@Nullable LongString of, int[] chunks, int from, int pages, int end) {
        LongString.Held held = of == null ? null : of.held;
        for (int i = from; i < end; i++) {
            if (of != null && held != null && i < pages && held.keep(chunks[i], of.born[i])) {
                continue;
            }
            if (i < pages) {
                slabs.givePage(chunks[i]);
            } else {
                slabs.free(chunks[i]);
            }
        }
    }
}
