package io.plinth.kvcache.keyspace.memory;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: bytes that are appended at the end and given up a page at a time at the front. They are in arrays
 * while no segment has them, then in native memory: pages, and while these are few, places of a kilobyte, of which the last is as long
 * as need be.
 *
 * <p>A byte is found by its distance from the front. What has to be found later, and begins at an even distance, is named by a
 * reference, which stays good while pages at the front go. After 8 GiB they begin anew.
 */
public final class ByteLog implements Elements {
    /** What the front goes by. */
    public static final int PAGE = 1 << 14;

    private static final int PAGE_BITS = 14;
    private static final int PLACE = 1 << 10;
    private static final int PLACE_BITS = 10;
    /** With so many pages the end has a page, too. */
    private static final int MANY_PAGES = 16;

    private static final int UNIT_BITS = 1;
    /** What references reach. */
    private static final long MOST = (1L << (Integer.SIZE + UNIT_BITS)) - PAGE;

    private static final int FIRST = PAGE >> UNIT_BITS;
    private static final int OVERHEAD = 72;
    private static final int ARRAY_HEAD = 16;
    private static final byte[][] NO_ARRAYS = {};
    private static final long[] NO_PLACES = {};

    /** Where its memory is from; null while it is in arrays. */
    private @Nullable Blocks blocks;

    private byte[][] arrays = NO_ARRAYS;
    private long[] places = NO_PLACES;
    private int pages;
    /** How many bytes there is room for behind the pages. */
    private int tail;

    /** The reference of the front. */
    private int front = FIRST;

    private long end;
    /** Whether it goes from one segment to another. */
    private boolean moving;

    /** What was last looked for: in this array from an offset on, or at this address; and how many bytes lie together from there on. */
    private byte @Nullable [] array;

    private int offset;
    private long address;
    private int run;

    /** One in arrays. */
    public ByteLog() {}

    /** One whose front has this reference. */
    public ByteLog(int front) {
        this.front = front;
    }

    /** An empty one that is where this is. */
    public ByteLog fresh() {
        ByteLog fresh = new ByteLog(front);
        fresh.blocks = blocks;
        return fresh;
    }

    /** Where the next byte goes. */
    public long end() {
        return end;
    }

    /** What names an even distance. */
    public int ref(long at) {
        return front + (int) (at >>> UNIT_BITS);
    }

    /** The distance that a reference names. */
    public long at(int ref) {
        return (ref - front & 0xffff_ffffL) << UNIT_BITS;
    }

    /** What it takes. */
    public long bytes() {
        long head = OVERHEAD + ARRAY_HEAD + 8L * chunks(pages, tail);
        int last = tail & (PLACE - 1);
        int whole = tail >> PLACE_BITS;
        Blocks from = blocks;
        if (from == null) {
            return head
                    + (long) pages * (PAGE + ARRAY_HEAD)
                    + (long) whole * (PLACE + ARRAY_HEAD)
                    + (last == 0 ? 0 : last + ARRAY_HEAD);
        }
        return head
                + ((long) pages << PAGE_BITS)
                + (long) whole * from.share(PLACE)
                + (last == 0 ? 0 : from.share(last));
    }

    private static int chunks(int pages, int tail) {
        return pages + ((tail + PLACE - 1) >> PLACE_BITS);
    }

    /** How many bytes the places have that begin behind so many others. */
    private int size(int chunk) {
        return chunk < pages ? PAGE : Math.min(PLACE, tail - ((chunk - pages) << PLACE_BITS));
    }

    /** Where a page or place begins. */
    private long begin(int chunk) {
        return chunk <= pages
                ? (long) chunk << PAGE_BITS
                : ((long) pages << PAGE_BITS) + ((long) (chunk - pages) << PLACE_BITS);
    }

    private void locate(long at, long wanted) {
        int chunk = (int) (at >>> PAGE_BITS);
        int inside = (int) at & (PAGE - 1);
        int size = PAGE;
        if (chunk >= pages) {
            int rest = (int) (at - ((long) pages << PAGE_BITS));
            chunk = pages + (rest >> PLACE_BITS);
            inside = rest & (PLACE - 1);
            size = Math.min(PLACE, tail - (rest - inside));
        }
        run = (int) Math.min(wanted, size - inside);
        if (blocks == null) {
            array = arrays[chunk];
            offset = inside;
        } else {
            array = null;
            address = places[chunk] + inside;
        }
    }

    /** A byte. */
    public int u8(long at) {
        locate(at, 1);
        byte[] in = array;
        return in == null ? Native.getByte(address) : in[offset] & 0xff;
    }

    /** Puts a byte where there is one. */
    public void u8(long at, int value) {
        locate(at, 1);
        byte[] in = array;
        if (in == null) {
            Native.putByte(address, value);
        } else {
            in[offset] = (byte) value;
        }
    }

    /** Whether the bytes there are these. */
    public boolean same(long at, byte[] bytes, int from, int length) {
        for (int done = 0; done < length; done += run) {
            locate(at + done, length - done);
            byte[] in = array;
            boolean same = in == null
                    ? Native.same(address, bytes, from + done, run)
                    : Arrays.equals(in, offset, offset + run, bytes, from + done, from + done + run);
            if (!same) {
                return false;
            }
        }
        return true;
    }

    /** How so many bytes compare to others: each as a number without sign, then by length. */
    public int compare(long at, int length, byte[] other) {
        int common = Math.min(length, other.length);
        for (int done = 0; done < common; done += run) {
            locate(at + done, common - done);
            byte[] in = array;
            int order = in == null
                    ? Native.compare(address, other, done, run)
                    : Arrays.compareUnsigned(in, offset, offset + run, other, done, done + run);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(length, other.length);
    }

    /** So many bytes, a copy. */
    public byte[] copy(long at, int length) {
        byte[] copy = new byte[length];
        get(at, copy, 0, length);
        return copy;
    }

    /** Copies so many bytes into an array. */
    public void get(long at, byte[] to, int from, int length) {
        for (int done = 0; done < length; done += run) {
            locate(at + done, length - done);
            byte[] in = array;
            if (in == null) {
                Native.get(address, to, from + done, run);
            } else {
                System.arraycopy(in, offset, to, from + done, run);
            }
        }
    }

    /** Appends so many bytes to a buffer that has room for them. */
    public void write(long at, int length, ByteBuf to) {
        for (int done = 0; done < length; done += run) {
            locate(at + done, length - done);
            byte[] in = array;
            if (in == null) {
                Native.write(address, run, to);
            } else {
                to.writeBytes(in, offset, run);
            }
        }
    }

    /** Puts bytes where there are some. */
    public void put(long at, byte[] from) {
        put(at, from, from.length);
    }

    /** Puts the first so many bytes of an array where there are some. */
    public void put(long at, byte[] from, int length) {
        for (int done = 0; done < length; done += run) {
            locate(at + done, length - done);
            byte[] in = array;
            if (in == null) {
                Native.put(from, done, address, run);
            } else {
                System.arraycopy(from, done, in, offset, run);
            }
        }
    }

    /** Appends a byte that there is room for. */
    public void append(int value) {
        u8(end, value);
        end++;
    }

    /** Appends bytes that there is room for. */
    public void append(byte[] from) {
        put(end, from);
        end += from.length;
    }

    /** Appends the first so many bytes of an array, which there is room for. */
    public void append(byte[] from, int length) {
        put(end, from, length);
        end += length;
    }

    /** Appends so many bytes of native memory, which there is room for. */
    public void append(long from, int length) {
        long to = end;
        for (int done = 0; done < length; done += run) {
            locate(to + done, length - done);
            byte[] in = array;
            if (in == null) {
                Native.copy(from + done, address, run);
            } else {
                Native.get(from + done, in, offset, run);
            }
        }
        end += length;
    }

    /** Has so many bytes more, of undefined contents; there is room for them. */
    public void extend(int more) {
        end += more;
    }

    /** Appends bytes that there is room for, of its own or of another one. */
    public void append(ByteLog from, long at, int length) {
        copy(from, at, end, length);
        end += length;
    }

    private void copy(ByteLog other, long from, long to, long length) {
        for (long done = 0; done < length; done += run) {
            other.locate(from + done, length - done);
            byte[] in = other.array;
            int inside = other.offset;
            long there = other.address;
            locate(to + done, other.run);
            byte[] into = array;
            if (in == null && into == null) {
                Native.copy(there, address, run);
            } else if (in == null) {
                Native.get(there, Objects.requireNonNull(into), offset, run);
            } else if (into == null) {
                Native.put(in, inside, address, run);
            } else {
                System.arraycopy(in, inside, into, offset, run);
            }
        }
    }

    /** Makes room for so many bytes more; where there is none it stays as it was. */
    public void reserve(long more) {
        long needed = end + more;
        if (needed <= begin(pages) + tail) {
            return;
        }
        if (needed > MOST) {
            throw new NoRoomException(
                    "OOM memory: a collection of " + needed + " bytes (expected: at most " + MOST + ")");
        }
        int whole = (int) (needed >>> PAGE_BITS);
        if (whole >= MANY_PAGES) {
            become(blocks, whole + 1, 0);
            return;
        }
        int rest = (int) needed & (PAGE - 1);
        rest += (int) Math.min(PLACE, Math.max(16, needed >> 3));
        int last = rest & (PLACE - 1);
        rest += rounded(last) - last;
        become(blocks, rest >= PAGE ? whole + 1 : whole, rest >= PAGE ? 0 : rest);
    }

    /** A place's size, so that there are few. */
    private static int rounded(int bytes) {
        int step = bytes <= PLACE / 4 ? 8 : bytes <= PLACE / 2 ? 32 : 64;
        return (bytes + step - 1) & -step;
    }

    /** Has room in pages and places like these, with what it has; where there is none it stays as it was. */
    private void become(@Nullable Blocks from, int newPages, int newTail) {
        int staying = 0;
        if (Objects.equals(from, blocks)) {
            staying = newPages == pages ? pages + Math.min(tail >> PLACE_BITS, newTail >> PLACE_BITS) : pages;
        }
        int before = chunks(pages, tail);
        ByteLog next = new ByteLog();
        next.blocks = from;
        next.pages = newPages;
        next.tail = newTail;
        next.allocate(this, staying, chunks(newPages, newTail));
        long kept = begin(staying);
        if (kept < end) {
            next.copy(this, kept, kept, end - kept);
        }
        free(staying, before);
        blocks = from;
        arrays = next.arrays;
        places = next.places;
        pages = newPages;
        tail = newTail;
    }

    private void allocate(ByteLog like, int staying, int count) {
        Blocks from = blocks;
        if (from == null) {
            arrays = new byte[count][];
            System.arraycopy(like.arrays, 0, arrays, 0, staying);
            for (int i = staying; i < count; i++) {
                arrays[i] = new byte[size(i)];
            }
            return;
        }
        places = new long[count];
        System.arraycopy(like.places, 0, places, 0, staying);
        int done = staying;
        try {
            while (done < count) {
                places[done] = from.allocate(size(done));
                done++;
            }
        } catch (NoRoomException e) {
            free(staying, done);
            throw e;
        }
    }

    private void free(int from, int to) {
        Blocks back = blocks;
        for (int i = from; back != null && i < to; i++) {
            back.free(places[i], size(i));
        }
    }

    /** Gives up the page at the front: distances are shorter by a page from now on. */
    public void dropPage() {
        free(0, 1);
        int count = chunks(pages, tail);
        if (blocks == null) {
            byte[][] fewer = new byte[count - 1][];
            System.arraycopy(arrays, 1, fewer, 0, count - 1);
            arrays = fewer;
        } else {
            long[] fewer = new long[count - 1];
            System.arraycopy(places, 1, fewer, 0, count - 1);
            places = fewer;
        }
        pages--;
        front += PAGE >> UNIT_BITS;
        end -= PAGE;
    }

    @Override
    public void settle(Blocks to) {
        moving = false;
        if (blocks == null) {
            try {
                become(to, pages, tail);
            } catch (NoRoomException e) {
                // It stays in arrays, accounted for as before, and is asked again when it next changes.
                return;
            }
        }
    }

    @Override
    public void moving() {
        moving = true;
    }

    @Override
    public void stranded() {
        moving = false;
        release();
    }

    @Override
    public void leave() {
        if (!moving && end > 0 && blocks != null) {
            become(null, pages, tail);
        }
    }

    @Override
    public void release() {
        if (!moving && blocks != null) {
            free(0, chunks(pages, tail));
            places = NO_PLACES;
            pages = 0;
            tail = 0;
            end = 0;
            blocks = null;
        }
    }

    @Override
    public int compact() {
        int moved = 0;
        Blocks in = blocks;
        for (int i = pages; in != null && i < places.length; i++) {
            long better = in.fuller(places[i], size(i));
            if (better != 0) {
                Native.copy(places[i], better, size(i));
                in.free(places[i], size(i));
                places[i] = better;
                moved += size(i);
            }
        }
        return moved;
    }
}
