package io.plinth.kvcache.command.bits;

import io.plinth.kvcache.keyspace.Entry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Of use while its segment is locked and the string is not changed: reads a string byte by byte, which copies some of it at a time. */
final class StringBytes {
    private static final int AT_ONCE = 16 << 10;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

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

    /** A copy of some, with zeros behind the end. */
    byte[] window(int from, int count) {
        byte[] window = new byte[count];
        int there = Math.min(count, length - from);
        if (entry != null && there > 0) {
            entry.read(from, window, 0, there);
        }
        return window;
    }

    /** How many bits are set in so many bytes that are there. */
    long ones(int first, int count) {
        long sum = 0;
        for (int index = first; index < first + count; ) {
            int place = place(index);
            int end = Math.min(some.length, place + first + count - index);
            index += end - place;
            for (; place + Long.BYTES <= end; place += Long.BYTES) {
                sum += Long.bitCount((long) LONGS.get(some, place));
            }
            for (; place < end; place++) {
                sum += Integer.bitCount(some[place] & 0xff);
            }
        }
        return sum;
    }

    /** How many bytes, at most so many, are all like the first, itself included. */
    int alike(int first, int most) {
        byte like = at(first);
        long word = (like & 0xff) * 0x0101010101010101L;
        int index = first;
        while (index < first + most) {
            int place = place(index);
            int end = Math.min(some.length, place + first + most - index);
            int from = place;
            while (place + Long.BYTES <= end && (long) LONGS.get(some, place) == word) {
                place += Long.BYTES;
            }
            while (place < end && some[place] == like) {
                place++;
            }
            index += place - from;
            if (place < end) {
                break;
            }
        }
        return index - first;
    }

    /** Where one that is there lies in what was copied. */
    private int place(int index) {
        at(index);
        return index - from;
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
