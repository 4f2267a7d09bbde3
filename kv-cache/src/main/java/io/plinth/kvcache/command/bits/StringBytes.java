package io.plinth.kvcache.command.bits;

import io.plinth.kvcache.keyspace.Entry;
import org.jspecify.annotations.Nullable;

/** Of use while its segment is locked and the string is not changed: reads a string byte by byte, which copies some of it at a time. */
final class StringBytes {
    private static final int AT_ONCE = 16 << 10;

    private final @Nullable Entry entry;
    private final int length;
    private byte[] some = new byte[0];
    private int from;

    /** Those of a key; none where it is not there. */
    StringBytes(@Nullable Entry entry) {
        this.entry = entry;
        this.length = entry == null ? 0 : entry.length();
    }

    int length() {
        return length;
    }

    /** One that is there. */
    byte at(int index) {
        int place = index - from;
        return place >= 0 && place < some.length ? some[place] : fetch(index);
    }

    /** One, or zero behind the end. */
    byte orZero(int index) {
        return index < length ? at(index) : 0;
    }

    private byte fetch(int index) {
        if (entry == null) {
            throw new IndexOutOfBoundsException(index);
        }
        from = index;
        some = entry.part(index, Math.min(AT_ONCE, length - index));
        return some[0];
    }
}
