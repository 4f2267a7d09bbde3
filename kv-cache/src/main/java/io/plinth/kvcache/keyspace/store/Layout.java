package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.Native;
import io.plinth.kvcache.keyspace.value.StringForm;

/**
 * Guarded by the record's segment's lock: one record in native memory, by its address.
 *
 * <pre>
 *  0  what it holds (2 bits), {@link StringForm} or type of a packed collection (2), has an expiry, queue (2), mark
 *  1  database (4), uses counted (2), expiry of eight bytes, packed integers
 *  2  the key's slot over 256 (6), read by a memcached client, has what memcached's clients know
 *  3  length of the key; 255: the key is with the value on the heap
 *  4  seconds of the last use
 *  8  length of the string or the packed collection
 * 10  expiry: none; five bytes, milliseconds since {@link #EPOCH}; or eight, Unix milliseconds
 *     key
 *     what memcached's clients know: none, or as {@link ItemMarks} has it
 *     string; packed collection: how many elements (2), their bytes; or the number of a value on the heap
 * </pre>
 */
final class Layout {
    static final int PACKED = 0;
    static final int INLINE = 1;
    static final int HEAP = 2;
    static final int COLLECTION = 3;

    static final int HEAD = 10;
    static final int LONG_KEY = 255;
    static final int SHORT_EXPIRY = 5;

    /** September 2020 in Unix milliseconds: five bytes reach from there to 2055. */
    static final long EPOCH = 1_600_000_000_000L;

    private static final int HOLDS = 3;
    private static final int FORM_SHIFT = 2;
    private static final int FORM = 3;
    private static final int EXPIRES = 1 << 4;
    private static final int QUEUE_SHIFT = 5;
    private static final int QUEUE = 3;
    private static final int MARK = 1 << 7;

    private static final int DB_AT = 1;
    private static final int DB = 15;
    private static final int FREQUENCY_SHIFT = 4;
    private static final int FREQUENCY = 3;
    private static final int LONG_EXPIRY = 1 << 6;

    private static final int INTEGERS = 1 << 7;
    private static final int SLOT_AT = 2;
    private static final int SLOT = 63;
    private static final int FETCHED = 1 << 6;
    private static final int ITEM = 1 << 7;
    private static final int KEY_LENGTH_AT = 3;
    private static final int TOUCHED_AT = 4;
    private static final int LENGTH_AT = 8;

    private Layout() {}

    /** Writes the head of a record without an expiry. */
    static void create(long at, int holds, int db, int slot, int keyLength) {
        Native.putByte(at, holds);
        Native.putByte(at + DB_AT, db);
        Native.putByte(at + SLOT_AT, slot >> 8);
        Native.putByte(at + KEY_LENGTH_AT, keyLength);
        Native.putInt(at + TOUCHED_AT, 0);
        Native.putShort(at + LENGTH_AT, 0);
    }

    /** Writes what stands for every removed record: a collection that is nowhere, so that its use is an error. */
    static void removed(long at) {
        create(at, COLLECTION, 0, 0, 0);
        Native.putInt(valueAt(at), -1);
    }

    static int holds(long at) {
        return Native.getByte(at) & HOLDS;
    }

    static void holds(long at, int what) {
        bits(at, 0, HOLDS, what);
    }

    /** Whether what it holds is here, and not on the heap. */
    static boolean inside(long at) {
        return holds(at) <= INLINE;
    }

    static int db(long at) {
        return Native.getByte(at + DB_AT) & DB;
    }

    static int slotHigh(long at) {
        return Native.getByte(at + SLOT_AT) & SLOT;
    }

    /** Whether memcached's clients know nothing of it. */
    static boolean bare(long at) {
        return (Native.getByte(at + SLOT_AT) & (FETCHED | ITEM)) == 0;
    }

    static boolean fetched(long at) {
        return (Native.getByte(at + SLOT_AT) & FETCHED) != 0;
    }

    static void fetched(long at, boolean yes) {
        bit(at + SLOT_AT, FETCHED, yes);
    }

    /** Whether it has {@link ItemMarks}' bytes. */
    static boolean hasItem(long at) {
        return (Native.getByte(at + SLOT_AT) & ITEM) != 0;
    }

    /** Says so; who calls has made the room. */
    static void item(long at, boolean yes) {
        bit(at + SLOT_AT, ITEM, yes);
    }

    /** Where these bytes are, or would be. */
    static long itemAt(long at) {
        return keyAt(at) + keySize(at);
    }

    private static int itemSize(long at) {
        return hasItem(at) ? ItemMarks.size(Native.getByte(itemAt(at))) : 0;
    }

    /** As it is noted: {@link #LONG_KEY} for one that is not here. */
    static int keyLength(long at) {
        return Native.getByte(at + KEY_LENGTH_AT);
    }

    private static int keySize(long at) {
        int length = keyLength(at);
        return length == LONG_KEY ? 0 : length;
    }

    static long keyAt(long at) {
        return at + HEAD + expirySize(at);
    }

    /** How much stands before the value. */
    static int headSize(long at) {
        return HEAD + expirySize(at) + keySize(at) + itemSize(at);
    }

    static long valueAt(long at) {
        return at + headSize(at);
    }

    static int total(long at) {
        return headSize(at) + (inside(at) ? length(at) : Integer.BYTES);
    }

    static int length(long at) {
        return Native.getShort(at + LENGTH_AT);
    }

    static void length(long at, int bytes) {
        Native.putShort(at + LENGTH_AT, bytes);
    }

    static int touched(long at) {
        return Native.getInt(at + TOUCHED_AT);
    }

    static void touched(long at, int seconds) {
        Native.putInt(at + TOUCHED_AT, seconds);
    }

    /** How many bytes the expiry takes here. */
    static int expirySize(long at) {
        if ((Native.getByte(at) & EXPIRES) == 0) {
            return 0;
        }
        return (Native.getByte(at + DB_AT) & LONG_EXPIRY) == 0 ? SHORT_EXPIRY : Long.BYTES;
    }

    /** How many bytes an expiry takes. */
    static int sizeOfExpiry(long expireAt) {
        if (expireAt == Records.NEVER) {
            return 0;
        }
        return (expireAt - EPOCH) >>> (SHORT_EXPIRY * Byte.SIZE) == 0 ? SHORT_EXPIRY : Long.BYTES;
    }

    /** Notes how many bytes the expiry takes; who calls has made the room. */
    static void expirySize(long at, int bytes) {
        Native.putByte(at, bytes == 0 ? Native.getByte(at) & ~EXPIRES : Native.getByte(at) | EXPIRES);
        int second = Native.getByte(at + DB_AT);
        Native.putByte(at + DB_AT, bytes == Long.BYTES ? second | LONG_EXPIRY : second & ~LONG_EXPIRY);
    }

    static long expireAt(long at) {
        return switch (expirySize(at)) {
            case 0 -> Records.NEVER;
            case SHORT_EXPIRY ->
                EPOCH
                        + ((Native.getInt(at + HEAD) & 0xffff_ffffL)
                                | (long) Native.getByte(at + HEAD + Integer.BYTES) << Integer.SIZE);
            default -> Native.getLong(at + HEAD);
        };
    }

    /** Writes an expiry into the bytes it has here. */
    static void expireAt(long at, long expireAt) {
        if (expirySize(at) == SHORT_EXPIRY) {
            long since = expireAt - EPOCH;
            Native.putInt(at + HEAD, (int) since);
            Native.putByte(at + HEAD + Integer.BYTES, (int) (since >>> Integer.SIZE));
        } else {
            Native.putInt(at + HEAD, (int) expireAt);
            Native.putInt(at + HEAD + Integer.BYTES, (int) (expireAt >>> Integer.SIZE));
        }
    }

    static StringForm form(long at) {
        return StringForm.of((Native.getByte(at) >> FORM_SHIFT) & FORM);
    }

    static void form(long at, StringForm form) {
        bits(at, FORM_SHIFT, FORM, form.code());
    }

    /** Of a packed collection: the number of its type. */
    static int type(long at) {
        return (Native.getByte(at) >> FORM_SHIFT) & FORM;
    }

    static void type(long at, int type) {
        bits(at, FORM_SHIFT, FORM, type);
    }

    /** Whether a packed set is one of integers. */
    static boolean integers(long at) {
        return (Native.getByte(at + DB_AT) & INTEGERS) != 0;
    }

    static void integers(long at, boolean yes) {
        bit(at + DB_AT, INTEGERS, yes);
    }

    static int frequency(long at) {
        return (Native.getByte(at + DB_AT) >> FREQUENCY_SHIFT) & FREQUENCY;
    }

    static void frequency(long at, int count) {
        bits(at + DB_AT, FREQUENCY_SHIFT, FREQUENCY, count);
    }

    static int queue(long at) {
        return (Native.getByte(at) >> QUEUE_SHIFT) & QUEUE;
    }

    static void queue(long at, int queue) {
        bits(at, QUEUE_SHIFT, QUEUE, queue);
    }

    /** Writes bits of one byte. */
    private static void bits(long at, int shift, int mask, int value) {
        Native.putByte(at, (Native.getByte(at) & ~(mask << shift)) | (value << shift));
    }

    private static void bit(long at, int bit, boolean yes) {
        Native.putByte(at, yes ? Native.getByte(at) | bit : Native.getByte(at) & ~bit);
    }

    static boolean marked(long at) {
        return (Native.getByte(at) & MARK) != 0;
    }

    static void mark(long at, boolean yes) {
        bit(at, MARK, yes);
    }
}
