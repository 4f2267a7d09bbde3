package io.plinth.kvcache.keyspace.value;

/** Guarded by its key's segment lock: different integers in ascending order, each in as many bytes as the largest needs: 2, 4 or 8. */
public final class IntegerPack extends PackedBytes {
    private int width = Short.BYTES;

    public IntegerPack() {}

    /** Those of a record, which has room for so many bytes. */
    public IntegerPack(long address, int room, int length, int count) {
        super(address, room, length, count);
        width = count == 0 ? Short.BYTES : length / count;
    }

    private IntegerPack(byte[] array, int count, int width) {
        super(array, count);
        this.width = width;
    }

    IntegerPack copy() {
        return new IntegerPack(copy(0, length()), count, width);
    }

    long get(int index) {
        int at = index * width;
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | u8(at + i);
        }
        int unused = Long.SIZE - Byte.SIZE * width;
        return value << unused >> unused;
    }

    private void set(int index, long value) {
        int at = index * width;
        for (int i = 0; i < width; i++) {
            u8(at + i, (int) (value >>> (Byte.SIZE * i)));
        }
    }

    long[] toArray() {
        long[] all = new long[count];
        for (int i = 0; i < count; i++) {
            all[i] = get(i);
        }
        return all;
    }

    /** Where a number is; where it belongs as {@code -index - 1} if it is not there. */
    int search(long value) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long there = get(middle);
            if (there == value) {
                return middle;
            }
            if (there < value) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -low - 1;
    }

    private static int widthOf(long value) {
        if (value == (short) value) {
            return Short.BYTES;
        }
        return value == (int) value ? Integer.BYTES : Long.BYTES;
    }

    void insert(int index, long value) {
        if (widthOf(value) > width) {
            widen(widthOf(value));
        }
        open(index * width, 0, width);
        count++;
        set(index, value);
    }

    private void widen(int wider) {
        long[] all = toArray();
        open(0, length(), all.length * wider);
        width = wider;
        for (int i = 0; i < all.length; i++) {
            set(i, all[i]);
        }
    }

    void remove(int index) {
        open(index * width, width, 0);
        count--;
        shrink();
    }
}
