package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.KeyTable;
import java.util.LinkedHashSet;

/** Guarded by its segment's lock: the segment's strings that have room to grow. It is taken from those that nobody used of late. */
public final class Growing {
    /** Who was not used for so long has no room to grow. */
    private static final int IDLE_SECONDS = 2;

    private static final int LOOKED_AT_ONCE = 16;
    private static final int COPIED_AT_ONCE = 64 << 10;

    private final Region region;
    private final KeyTable table;
    private final HeapValues heap;
    private final LongStrings strings;
    /** Theirs, and of some that are gone. */
    private final LinkedHashSet<Integer> hashes = new LinkedHashSet<>();

    Growing(Region region, KeyTable table, HeapValues heap, LongStrings strings) {
        this.region = region;
        this.table = table;
        this.heap = heap;
        this.strings = strings;
    }

    /** Is told what gives memory back. */
    public interface Resized {
        void resized(int hash, int handle, long delta);
    }

    void add(int hash) {
        hashes.add(hash);
    }

    /** Looks at some. */
    public void trim(int seconds, Resized told) {
        int copied = 0;
        for (int i = Math.min(LOOKED_AT_ONCE, hashes.size()); i > 0 && copied < COPIED_AT_ONCE; i--) {
            copied += trim(hashes.removeFirst(), seconds, told);
        }
    }

    /** Answers how many bytes were copied. */
    private int trim(int hash, int seconds, Resized told) {
        int copied = 0;
        for (int i = table.find(hash, table.first(hash)); i >= 0; i = table.find(hash, table.next(i))) {
            int handle = table.at(i);
            long at = region.address(handle);
            int number = Layout.holds(at) == Layout.HEAP ? Records.number(at) : -1;
            if (number < 0 || !(heap.get(number) instanceof LongString string)) {
                continue;
            }
            if (seconds - Layout.touched(at) <= IDLE_SECONDS) {
                hashes.add(hash);
                continue;
            }
            long before = string.taken();
            copied += strings.trim(string);
            if (string.taken() != before) {
                told.resized(hash, handle, string.taken() - before);
            }
        }
        return copied;
    }
}
