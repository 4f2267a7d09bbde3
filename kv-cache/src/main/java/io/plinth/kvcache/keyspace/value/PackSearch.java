package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Native;

/**
 * Guarded by its key's segment lock: walks over the elements of a {@link ListPack} that lies in native memory, which is most of what a
 * command on a small collection does.
 *
 * <p>Where one element ends is read from the element, so a plain walk waits for each before it can read the next. Elements that take
 * turns are often as long as those before them: where the processor may guess that a branch goes as it last did, it does not wait.
 */
final class PackSearch {
    /** Bytes of a text that one byte says the length of. */
    static final int SHORT = 63;

    private static final int INT_13 = 0xc0;
    private static final int INT_16 = 0xf1;
    private static final int INT_24 = 0xf2;
    private static final int INT_32 = 0xf3;
    private static final int INT_64 = 0xf4;
    private static final int STRING_6 = 0x80;
    private static final int STRING_12 = 0xe0;

    /** By its first byte, where that says it, how many bytes an element takes with what says so behind it; 0 where more is to be read. */
    private static final byte[] WHOLE = table();

    private PackSearch() {}

    private static byte[] table() {
        byte[] whole = new byte[256];
        for (int type = 0; type < whole.length; type++) {
            if (type < STRING_6) {
                whole[type] = 2;
            } else if ((type & 0xc0) == STRING_6) {
                whole[type] = (byte) (2 + (type & 0x3f));
            } else if ((type & 0xe0) == INT_13) {
                whole[type] = 3;
            }
        }
        whole[INT_16] = 4;
        whole[INT_24] = 5;
        whole[INT_32] = 6;
        whole[INT_64] = 10;
        return whole;
    }

    static int whole(int type) {
        return WHOLE[type];
    }

    /** What is behind an element whose first byte does not say it. */
    private static int afterLong(long base, int at, int type) {
        int size = (type & 0xf0) == STRING_12
                ? 2 + ((type & 0xf) << 8 | Native.getByte(base + at + 1))
                : 5 + Native.getInt(base + at + 1);
        return at + size + ListPackForm.backSize(size);
    }

    private static int after(long base, int at, int type) {
        int whole = WHOLE[type];
        return whole != 0 ? at + whole : afterLong(base, at, type);
    }

    /**
     * The first element from {@code at} on, in steps of {@code skip} others between, that is this text of one to {@link #SHORT} bytes, which
     * are no integer: its offset, above 32 bits how many were passed; {@link ListPack#END} where there is none. Most texts that are no match differ in
     * their last eight bytes.
     */
    static long text(long base, int at, int end, byte[] buffer, int offset, int length, int skip) {
        int head = STRING_6 | length;
        int whole = length + 2;
        int lastAt = length - Long.BYTES + 1;
        int unused = Math.max(0, Byte.SIZE * (Long.BYTES - length));
        long last = Native.last(buffer, offset + length, length);
        int otherType = -1;
        int other = 0;
        long passed = 0;
        for (int i = at; i < end; passed++) {
            int type = Native.getByte(base + i);
            if (type == head) {
                // Before the text there are at least the head of its record, or of its page, and its own first byte.
                if (Native.getLittleEndian(base + i + lastAt) >>> unused == last
                        && (length <= Long.BYTES || Native.same(base + i + 1, buffer, offset, length - Long.BYTES))) {
                    return passed << 32 | i;
                }
                i += whole;
            } else {
                i = after(base, i, type);
            }
            for (int k = 0; k < skip && i < end; k++) {
                int skipped = Native.getByte(base + i);
                if (skipped == otherType) {
                    i += other;
                } else {
                    other = WHOLE[skipped];
                    otherType = other == 0 ? -1 : skipped;
                    i = other == 0 ? afterLong(base, i, skipped) : i + other;
                }
            }
        }
        return ListPack.END;
    }

    /** Of elements in pairs: the first pair whose second element is no integer below {@code number}; {@code end} where all are. */
    static int passBelow(long base, int at, int end, long number) {
        int firstType = -1;
        int first = 0;
        int i = at;
        while (i < end) {
            int type = Native.getByte(base + i);
            int second;
            if (type == firstType) {
                second = i + first;
            } else {
                first = WHOLE[type];
                firstType = first == 0 ? -1 : type;
                second = first == 0 ? afterLong(base, i, type) : i + first;
            }
            int kind = Native.getByte(base + second);
            if (kind == INT_16) {
                if ((short) Native.getShort(base + second + 1) >= number) {
                    return i;
                }
                i = second + 4;
            } else if ((kind & 0xe0) == INT_13) {
                int raw = (kind & 0x1f) << 8 | Native.getByte(base + second + 1);
                if ((raw << 19 >> 19) >= number) {
                    return i;
                }
                i = second + 3;
            } else if (kind < STRING_6) {
                if (kind >= number) {
                    return i;
                }
                i = second + 2;
            } else {
                return i;
            }
        }
        return end;
    }
}
