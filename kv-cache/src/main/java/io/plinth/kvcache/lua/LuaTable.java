package io.plinth.kvcache.lua;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that runs the script: a table with an array part and a hash part laid out as Lua 5.1 lays them out, so that
 * {@code pairs} goes through a table in the order that scripts see on Redis.
 */
public final class LuaTable {
    private static final @Nullable Object[] NONE = new Object[0];
    private static final int[] NO_LINKS = new int[0];
    private static final int MAX_BITS = 26;
    private static final int MAX_ARRAY = 1 << MAX_BITS;
    private static final int SLOT_BYTES = 8;
    private static final int NODE_BYTES = 20;

    private @Nullable Object[] array = NONE;
    private @Nullable Object[] keys = NONE;
    private @Nullable Object[] values = NONE;
    private int[] links = NO_LINKS;
    private int lastFree;
    private @Nullable LuaTable metatable;
    private boolean readOnly;

    public LuaTable() {}

    /** A table with room, rounded up as Lua's constructor does. */
    public LuaTable(int arraySize, int hashSize) {
        array = arraySize == 0 ? NONE : new Object[floatingByte(arraySize)];
        allocateNodes(floatingByte(hashSize));
    }

    private static int floatingByte(int size) {
        int mantissa = size;
        int exponent = 0;
        while (mantissa >= 16) {
            mantissa = (mantissa + 1) >> 1;
            exponent++;
        }
        return mantissa < 8 ? size : mantissa << exponent;
    }

    public @Nullable LuaTable metatable() {
        return metatable;
    }

    public void metatable(@Nullable LuaTable next) {
        metatable = next;
    }

    public boolean readOnly() {
        return readOnly;
    }

    /** Whether scripts may change it. */
    public void readOnly(boolean yes) {
        readOnly = yes;
    }

    /** About what it takes, values not counted. */
    public long bytes() {
        return 64L + (long) array.length * SLOT_BYTES + (long) keys.length * NODE_BYTES;
    }

    /** What is stored there, or nil. */
    public @Nullable Object get(@Nullable Object key) {
        if (key instanceof String text) {
            return get(text, hash(text));
        }
        if (key instanceof Double number) {
            double d = number;
            int i = (int) d;
            return i == d ? get(i) : numberAt(d);
        }
        int node = key == null ? -1 : find(key);
        return node < 0 ? null : values[node];
    }

    /** What is stored under a text whose {@link #hash} is known. */
    public @Nullable Object get(String key, int hash) {
        if (keys.length == 0) {
            return null;
        }
        int node = hash & keys.length - 1;
        do {
            Object at = keys[node];
            if (at instanceof String text && text.equals(key)) {
                return values[node];
            }
            node = links[node];
        } while (node >= 0);
        return null;
    }

    /** What is stored under an integer. */
    public @Nullable Object get(int key) {
        return key >= 1 && key <= array.length ? array[key - 1] : numberAt(key);
    }

    private @Nullable Object numberAt(double key) {
        int node = findNumber(key);
        return node < 0 ? null : values[node];
    }

    private int findNumber(double key) {
        if (keys.length == 0) {
            return -1;
        }
        int node = numberPosition(key);
        do {
            if (keys[node] instanceof Double number && number == key) {
                return node;
            }
            node = links[node];
        } while (node >= 0);
        return -1;
    }

    private int find(Object key) {
        if (key instanceof Double number) {
            return findNumber(number);
        }
        if (keys.length == 0) {
            return -1;
        }
        int node = position(key);
        do {
            if (key.equals(keys[node])) {
                return node;
            }
            node = links[node];
        } while (node >= 0);
        return -1;
    }

    /** Stores; the key is neither nil nor NaN. Answers by how many bytes the table grew. */
    public long set(Object key, @Nullable Object value) {
        if (key instanceof Double number) {
            double d = number;
            int i = (int) d;
            if (i == d) {
                return set(i, value);
            }
        }
        int node = find(key);
        if (node >= 0) {
            values[node] = value;
            return 0;
        }
        return add(key, value);
    }

    /** Stores under an integer. Answers by how many bytes the table grew. */
    public long set(int key, @Nullable Object value) {
        if (key >= 1 && key <= array.length) {
            array[key - 1] = value;
            return 0;
        }
        int node = findNumber(key);
        if (node >= 0) {
            values[node] = value;
            return 0;
        }
        return add((double) key, value);
    }

    private long add(Object key, @Nullable Object value) {
        int node = keys.length == 0 ? -1 : position(key);
        if (node < 0 || values[node] != null) {
            int free = free();
            if (free < 0) {
                long before = bytes();
                rehash(key);
                set(key, value);
                return bytes() - before;
            }
            Object occupant = keys[node];
            int home = occupant == null ? node : position(occupant);
            if (home == node) {
                links[free] = links[node];
                links[node] = free;
                node = free;
            } else {
                int before = home;
                while (links[before] != node) {
                    before = links[before];
                }
                links[before] = free;
                keys[free] = occupant;
                values[free] = values[node];
                links[free] = links[node];
                links[node] = -1;
                values[node] = null;
            }
        }
        keys[node] = key;
        values[node] = value;
        return 0;
    }

    private int free() {
        while (lastFree > 0) {
            lastFree--;
            if (keys[lastFree] == null) {
                return lastFree;
            }
        }
        return -1;
    }

    private void rehash(Object extra) {
        int[] slices = new int[MAX_BITS + 1];
        int integers = countArray(slices);
        int total = integers;
        for (int i = keys.length - 1; i >= 0; i--) {
            Object key = keys[i];
            if (values[i] != null && key != null) {
                integers += countInteger(key, slices);
                total++;
            }
        }
        integers += countInteger(extra, slices);
        total++;
        int inArray = 0;
        int size = 0;
        int sum = 0;
        for (int i = 0, power = 1; power / 2 < integers && i <= MAX_BITS; i++, power *= 2) {
            sum += slices[i];
            if (slices[i] > 0 && sum > power / 2) {
                size = power;
                inArray = sum;
            }
            if (sum == integers) {
                break;
            }
        }
        resize(size, total - inArray);
    }

    private int countArray(int[] slices) {
        int used = 0;
        int i = 1;
        for (int slice = 0, limit = 1; slice <= MAX_BITS && i <= array.length; slice++, limit *= 2) {
            int end = Math.min(limit, array.length);
            int count = 0;
            for (; i <= end; i++) {
                if (array[i - 1] != null) {
                    count++;
                }
            }
            slices[slice] += count;
            used += count;
        }
        return used;
    }

    private static int countInteger(Object key, int[] slices) {
        if (key instanceof Double number) {
            double d = number;
            int i = (int) d;
            if (i == d && i >= 1 && i <= MAX_ARRAY) {
                slices[Integer.SIZE - Integer.numberOfLeadingZeros(i - 1)]++;
                return 1;
            }
        }
        return 0;
    }

    private void resize(int arraySize, int hashSize) {
        @Nullable Object[] oldArray = array;
        @Nullable Object[] oldKeys = keys;
        @Nullable Object[] oldValues = values;
        array = arraySize == oldArray.length ? oldArray : Arrays.copyOf(oldArray, arraySize);
        allocateNodes(hashSize);
        for (int i = arraySize; i < oldArray.length; i++) {
            if (oldArray[i] != null) {
                set(i + 1, oldArray[i]);
            }
        }
        for (int i = oldKeys.length - 1; i >= 0; i--) {
            Object key = oldKeys[i];
            if (oldValues[i] != null && key != null) {
                set(key, oldValues[i]);
            }
        }
    }

    /** Makes room in the array part for a list of this length. */
    public void reserve(int length) {
        if (length > array.length) {
            resize(length, keys.length);
        }
    }

    private void allocateNodes(int wanted) {
        if (wanted == 0) {
            keys = NONE;
            values = NONE;
            links = NO_LINKS;
            lastFree = 0;
            return;
        }
        int size = wanted == 1 ? 1 : Integer.highestOneBit(wanted - 1) << 1;
        keys = new Object[size];
        values = new Object[size];
        links = new int[size];
        Arrays.fill(links, -1);
        lastFree = size;
    }

    private int position(Object key) {
        if (key instanceof String text) {
            return hash(text) & keys.length - 1;
        }
        if (key instanceof Double number) {
            return numberPosition(number);
        }
        if (key instanceof Boolean truth) {
            return (truth ? 1 : 0) & keys.length - 1;
        }
        return (System.identityHashCode(key) & Integer.MAX_VALUE) % (keys.length - 1 | 1);
    }

    private int numberPosition(double key) {
        if (key == 0) {
            return 0;
        }
        long bits = Double.doubleToRawLongBits(key);
        return Integer.remainderUnsigned((int) bits + (int) (bits >>> 32), keys.length - 1 | 1);
    }

    /** Lua 5.1's hash of a text. */
    public static int hash(String text) {
        int length = text.length();
        int h = length;
        int step = (length >> 5) + 1;
        for (int i = length; i >= step; i -= step) {
            h ^= (h << 5) + (h >>> 2) + text.charAt(i - 1);
        }
        return h;
    }

    /** A border, as the length operator answers it. */
    public int length() {
        int high = array.length;
        if (high > 0 && array[high - 1] == null) {
            int low = 0;
            while (high - low > 1) {
                int middle = (low + high) >>> 1;
                if (array[middle - 1] == null) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            return low;
        }
        return keys.length == 0 ? high : unboundLength(high);
    }

    private int unboundLength(int from) {
        int low = from;
        int high = from + 1;
        while (get(high) != null) {
            low = high;
            if (high > Integer.MAX_VALUE / 2) {
                int i = 1;
                while (get(i) != null) {
                    i++;
                }
                return i - 1;
            }
            high *= 2;
        }
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (get(middle) == null) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return low;
    }

    /** Places to go through with {@link #keyAt} and {@link #valueAt}. */
    public int places() {
        return array.length + keys.length;
    }

    /** The key at a place; meaningless where the value is nil. */
    public @Nullable Object keyAt(int place) {
        return place < array.length ? (Object) (place + 1.0) : keys[place - array.length];
    }

    /** The value at a place, or nil. */
    public @Nullable Object valueAt(int place) {
        return place < array.length ? array[place] : values[place - array.length];
    }

    /** The first place after a key's that has a value, {@link #places} after the last; -1 for a key that is not there. */
    public int placeAfter(@Nullable Object key) {
        int place = key == null ? 0 : placeOf(key) + 1;
        if (place == 0 && key != null) {
            return -1;
        }
        int end = places();
        while (place < end && valueAt(place) == null) {
            place++;
        }
        return place;
    }

    private int placeOf(Object key) {
        if (key instanceof Double number) {
            double d = number;
            int i = (int) d;
            if (i == d && i >= 1 && i <= array.length) {
                return i - 1;
            }
        }
        int node = find(key);
        return node < 0 ? -1 : array.length + node;
    }

    /** The largest positive number that is a key, or 0. */
    public double largestIndex() {
        double largest = 0;
        for (int i = 0; i < places(); i++) {
            if (valueAt(i) != null && keyAt(i) instanceof Double number && number > largest) {
                largest = number;
            }
        }
        return largest;
    }
}
