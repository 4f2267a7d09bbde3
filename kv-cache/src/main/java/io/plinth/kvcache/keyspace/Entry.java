package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Guarded by its segment's lock: one key, its value (bytes, or a {@link Value}) and what expiry and eviction need. */
public final class Entry {
    /** The expiry of a key that has none: later than every time. */
    public static final long NEVER = Long.MAX_VALUE;

    static final byte UNLINKED = 0;
    static final byte SMALL = 1;
    static final byte MAIN = 2;

    /** Objects and table slots an entry costs beside its key's and value's own bytes. */
    private static final int OVERHEAD = 72;

    private static final int MAX_FREQUENCY = 3;

    final byte[] key;
    final int hash;
    final short slot;
    final byte db;

    Object value;
    long expireAt = NEVER;
    /** The wheel's tick that will look at this entry next; 0 for none. */
    int timerTick;
    /** Seconds since the keyspace was made, of the last touch. */
    int touched;

    byte queue = UNLINKED;
    byte frequency;
    StringForm form = StringForm.STORED;

    boolean dead;

    @Nullable
    Entry previous;

    @Nullable
    Entry next;

    Entry(KeyRef key, Object value) {
        this.key = key.copy();
        this.hash = key.hash();
        this.slot = (short) key.slot();
        this.db = (byte) key.db();
        this.value = value;
    }

    boolean matches(KeyRef other) {
        return db == other.db()
                && Arrays.equals(key, 0, key.length, other.buffer(), other.offset(), other.offset() + other.length());
    }

    void touch(int seconds) {
        touched = seconds;
        if (frequency < MAX_FREQUENCY) {
            frequency++;
        }
    }

    /** What this entry is accounted with. */
    public long bytes() {
        return OVERHEAD
                + arrayBytes(key.length)
                + (value instanceof byte[] string ? arrayBytes(string.length) : ((Value) value).bytes());
    }

    static long arrayBytes(int length) {
        return Value.arrayBytes(length);
    }

    /** The key; never to be changed. */
    public byte[] key() {
        return key;
    }

    /** The Redis Cluster slot of the key. */
    public int slot() {
        return slot;
    }

    /** The database the key is in. */
    public int db() {
        return db;
    }

    /** Unix milliseconds after which the key is gone, or {@link #NEVER}. */
    public long expireAt() {
        return expireAt;
    }

    /** Whether the value is a string. */
    public boolean isString() {
        return value instanceof byte[];
    }

    /** The string; never to be changed. Only for an entry that {@link #isString}. */
    public byte[] string() {
        return (byte[]) value;
    }

    /** The hash, to be changed only through the segment. Only for an entry that is not a string. */
    public HashValue hash() {
        return (HashValue) value;
    }

    /** The list, to be changed only through the segment. */
    public ListValue list() {
        return (ListValue) value;
    }

    /** The set, to be changed only through the segment. */
    public SetValue set() {
        return (SetValue) value;
    }

    /** The sorted set, to be changed only through the segment. */
    public SortedSetValue sortedSet() {
        return (SortedSetValue) value;
    }

    /** The stream, to be changed only through the segment. */
    public StreamValue stream() {
        return (StreamValue) value;
    }

    /** The value of any type; of a string a view. */
    public Value value() {
        return value instanceof byte[] string ? new StringValue(string, form) : (Value) value;
    }

    /** How the string came to be. */
    public StringForm form() {
        return form;
    }

    /** The eviction counter, 0 to 3. */
    public int frequency() {
        return frequency;
    }

    /** The value's type. */
    public ValueType type() {
        return isString() ? ValueType.STRING : ((Value) value).type();
    }
}
