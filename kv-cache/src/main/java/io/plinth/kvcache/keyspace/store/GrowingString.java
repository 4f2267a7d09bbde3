package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.value.Value;
import java.util.Arrays;

/**
 * Guarded by its segment's lock: a string on the heap that is changed in its place, with room behind it so that one that grows all the
 * time is not copied each time. Its array is never handed out.
 */
final class GrowingString {
    /** Up to here a string gets as much room again as it has, beyond a quarter. */
    private static final int DOUBLED = 1 << 20;
    /** Where memory is short: an eighth. */
    private static final int SCARCE_SHIFT = 3;

    /** What it takes beside its array, its place in {@link Growing} included. */
    private static final int OVERHEAD = 72;

    private static final int MOST = Integer.MAX_VALUE - 8;

    /** Zeros behind the string. */
    private byte[] bytes;

    private int length;

    GrowingString(byte[] from) {
        bytes = from.clone();
        length = from.length;
    }

    int length() {
        return length;
    }

    /** Never to be changed, nor kept beyond the segment's lock: what counts of it are the first {@link #length}. */
    byte[] array() {
        return bytes;
    }

    /** The string, an array of its own. */
    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    /** What it is accounted with. */
    long taken() {
        return OVERHEAD + Value.arrayBytes(bytes.length);
    }

    /** Puts bytes in from a place on; with zeros before them where it was shorter. */
    void put(int at, byte[] part, boolean scarce) {
        int after = Math.max(length, Math.addExact(at, part.length));
        if (after > bytes.length) {
            int room = scarce ? after >> SCARCE_SHIFT : Math.min(after, Math.max(DOUBLED, after >> 2));
            bytes = Arrays.copyOf(bytes, (int) Math.min(MOST, (long) after + room));
        }
        System.arraycopy(part, 0, bytes, at, part.length);
        length = after;
    }
}
