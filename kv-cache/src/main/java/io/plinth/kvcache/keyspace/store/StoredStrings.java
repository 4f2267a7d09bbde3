package io.plinth.kvcache.keyspace.store;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.wire.Lasting;
import io.plinth.kvcache.wire.LongArgument;
import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: reads the strings of the segment's records, short ones there and long ones where they lie. */
public final class StoredStrings {
    private final Region region;
    private final HeapValues heap;
    private final LongStrings strings;

    StoredStrings(Region region, HeapValues heap, LongStrings strings) {
        this.region = region;
        this.heap = heap;
        this.strings = strings;
    }

    /** The long string of a record that has one. */
    LongString at(long at) {
        return (LongString) heap.get(Records.number(at));
    }

    /** A long string of whole pages, which is its record's no more; null for another one. */
    public @Nullable Arrival leaving(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.INLINE ? null : strings.leaving(at(at));
    }

    /** Owned by who fills it: a string that comes piece by piece, in pages, before a key has it. */
    public static final class Arrival implements LongArgument {
        /** Room is asked for so many bytes at a time. */
        private static final int STEP = 1 << 20;

        private final Region region;
        private final Slabs slabs;
        private final LongPredicate room;
        private final LongConsumer beside;
        private final LongString string;
        private final int announced;
        private int asked;
        private boolean open = true;

        Arrival(Region region, Slabs slabs, int announced, LongPredicate room, LongConsumer beside) {
            this.region = region;
            this.slabs = slabs;
            this.announced = announced;
            this.room = room;
            this.beside = beside;
            this.string = new LongString();
        }

        /** One that is there. */
        Arrival(Region region, Slabs slabs, LongString string, LongConsumer beside) {
            this.region = region;
            this.slabs = slabs;
            this.announced = string.length;
            this.room = bytes -> true;
            this.beside = beside;
            this.string = string;
            beside.accept(string.room);
        }

        @Override
        public boolean add(ByteBuf from, int count) {
            for (int done = 0; done < count; ) {
                int run = next(count - done);
                if (run == 0) {
                    return false;
                }
                Native.read(from, place(), run);
                string.length += run;
                done += run;
            }
            return true;
        }

        @Override
        public boolean add(byte[] from, int offset, int count) {
            for (int done = 0; done < count; ) {
                int run = next(count - done);
                if (run == 0) {
                    return false;
                }
                Native.put(from, offset + done, place(), run);
                string.length += run;
                done += run;
            }
            return true;
        }

        private long place() {
            return region.address(string.chunks[string.length >> Region.PAGE_BITS])
                    + (string.length & (Region.PAGE - 1));
        }

        /** How many of so many bytes lie together next; 0 where there is no room for them. */
        private int next(int wanted) {
            if (string.length == string.room && !page()) {
                return 0;
            }
            return Math.min(wanted, string.room - string.length);
        }

        private boolean page() {
            int pages = string.pages;
            if (string.room == asked) {
                int step = Math.min(STEP, (announced - string.length + Region.PAGE - 1) & -Region.PAGE);
                if (!room.test(step)) {
                    return false;
                }
                asked += step;
            }
            if (pages == string.chunks.length) {
                int most = (announced + Region.PAGE - 1) >>> Region.PAGE_BITS;
                string.chunks = Arrays.copyOf(string.chunks, Math.clamp(pages << 1, 64, Math.max(64, most)));
            }
            try {
                string.chunks[pages] = slabs.page();
            } catch (NoRoomException noMemory) {
                return false;
            }
            string.pages++;
            string.room += Region.PAGE;
            beside.accept(Region.PAGE);
            return true;
        }

        @Override
        public int length() {
            return string.length;
        }

        @Override
        public byte[] part(int from, int count) {
            byte[] part = new byte[count];
            for (int done = 0; done < count; ) {
                int place = from + done;
                int run = Math.min(count - done, Region.PAGE - (place & (Region.PAGE - 1)));
                long at = region.address(string.chunks[place >> Region.PAGE_BITS]) + (place & (Region.PAGE - 1));
                Native.get(at, part, done, run);
                done += run;
            }
            return part;
        }

        @Override
        public void release() {
            if (open) {
                for (int i = 0; i < string.pages; i++) {
                    slabs.givePage(string.chunks[i]);
                }
                taken();
            }
        }

        private void taken() {
            open = false;
            beside.accept(-string.room);
        }

        /** The string, for the record that has it from now on. */
        LongString take() {
            if (!open) {
                throw new IllegalStateException("arrival - taken before");
            }
            taken();
            string.chunks = Arrays.copyOf(string.chunks, string.pages);
            string.places = string.room;
            return string;
        }
    }

    /** How long one is. */
    public int length(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.INLINE ? Layout.length(at) : at(at).length();
    }

    /** How the string came to be. */
    public StringForm form(int handle) {
        return Layout.form(region.address(handle));
    }

    /** Says how the string came to be. */
    public void form(int handle, StringForm form) {
        Layout.form(region.address(handle), form);
    }

    /** All of it, a copy. */
    public byte[] copy(int handle) {
        return part(handle, 0, length(handle));
    }

    /** So many bytes of it from a place on, which it has; a copy. */
    public byte[] part(int handle, int from, int count) {
        byte[] part = new byte[count];
        read(handle, from, part, 0, count);
        return part;
    }

    /** Copies so many bytes of it from a place on, which it has. */
    public void read(int handle, int from, byte[] to, int offset, int count) {
        long at = region.address(handle);
        if (Layout.holds(at) == Layout.INLINE) {
            Native.get(Layout.valueAt(at) + from, to, offset, count);
        } else {
            strings.read(at(at), from, to, offset, count);
        }
    }

    /** What so many of its bytes are now, whatever becomes of it; null for one that is short enough to copy. */
    public @Nullable Lasting view(int handle, int from, int count) {
        long at = region.address(handle);
        return Layout.holds(at) == Layout.INLINE ? null : strings.view(at(at), from, count);
    }

    /** Whether somebody reads it as it was at some time, so that what is written to takes more memory. */
    public boolean isViewed(int handle) {
        long at = region.address(handle);
        return Layout.holds(at) != Layout.INLINE && LongStrings.isViewed(at(at));
    }

    /** Appends it to a buffer that has room for it. */
    public void write(int handle, ByteBuf to) {
        long at = region.address(handle);
        if (Layout.holds(at) == Layout.INLINE) {
            Native.write(Layout.valueAt(at), Layout.length(at), to);
        } else {
            strings.write(at(at), to);
        }
    }
}
