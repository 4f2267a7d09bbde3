package io.plinth.kvcache.keyspace;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.keyspace.memory.Elements;
import io.plinth.kvcache.keyspace.store.Records;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.wire.Bulk;
import io.plinth.kvcache.wire.Lasting;
import io.plinth.kvcache.wire.LongArguments;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock, and of use only while that is held: one key, its value (bytes, or a {@link Value}) and what expiry
 * and eviction need, as they lie in the segment's records. A key that was removed has none of these any more.
 */
public final class Entry implements Bulk {
    /** The expiry of a key that has none: later than every time. */
    public static final long NEVER = Records.NEVER;

    int hash;
    private final Records records;
    private final int segment;
    /** Names the record until it changes its size; 0 when it is removed. */
    int handle;

    /** The collection as it was last asked for: for a small one the one object that changes it. */
    private @Nullable Value collection;

    Entry(Records records, int segment, int hash, int handle) {
        this.records = records;
        this.segment = segment;
        this.hash = hash;
        this.handle = handle;
    }

    /** Is of another key from now on. */
    Entry at(long place) {
        hash = Records.hash(place);
        handle = Records.handle(place);
        collection = null;
        return this;
    }

    /** The same key's, to be kept where this one is only of a visit. */
    public Entry kept() {
        return new Entry(records, segment, hash, handle);
    }

    /** The handle, while it names the key's record: another view of the same key may have moved or removed that. */
    private int live() {
        assert records.hashed().has(hash, handle) : "entry - used after its record went or moved";
        return handle;
    }

    private Value collection() {
        Value known = collection;
        if (known == null) {
            known = records.collection(live());
            collection = known;
        }
        return known;
    }

    /** The key's seeded hash. */
    public int keyHash() {
        return hash;
    }

    /** The collection is this one. */
    Entry holding(Value value) {
        collection = value;
        return this;
    }

    /** Its collection was changed. */
    void changed() {
        handle = isString() ? live() : records.changed(hash, live(), collection());
    }

    /** What it holds is another thing from now on, or lies elsewhere. */
    void forget() {
        collection = null;
    }

    /** The record goes: who still has the collection sees it as it was. */
    void leave() {
        Elements elements = collection == null ? null : collection.elements();
        if (elements != null) {
            elements.leave();
        }
    }

    /** The value, which another key has at once when this one goes: its bytes are not copied for that. Of a string a copy. */
    public Value moving() {
        Value value = value();
        Elements elements = value.elements();
        if (elements != null) {
            elements.moving();
        }
        return value;
    }

    /** What this entry is accounted with. */
    public long bytes() {
        return records.bytes(live());
    }

    /** The key, a copy. */
    public byte[] key() {
        return records.keys().copy(live());
    }

    /** How long the key is. */
    public int keyLength() {
        return records.keys().length(live());
    }

    /** Copies the key. */
    public void readKey(byte[] to, int offset) {
        records.keys().read(live(), to, offset);
    }

    /** The Redis Cluster slot of the key. */
    public int slot() {
        return records.slotHigh(live()) << Keyspace.SEGMENT_BITS | segment;
    }

    /** The database the key is in. */
    public int db() {
        return records.db(live());
    }

    /** Unix milliseconds after which the key is gone, or {@link #NEVER}. */
    public long expireAt() {
        return records.expireAt(live());
    }

    /** Whether the value is a string. */
    public boolean isString() {
        return records.isString(live());
    }

    /** The string, a copy. Only for an entry that {@link #isString}. */
    public byte[] string() {
        return records.strings().copy(live());
    }

    /** So many of the string's bytes from a place on, which it has; a copy. */
    public byte[] part(int from, int count) {
        return records.strings().part(live(), from, count);
    }

    /** Copies so many of the string's bytes from a place on, which it has. */
    public void read(int from, byte[] to, int offset, int count) {
        records.strings().read(live(), from, to, offset, count);
    }

    /** Puts bytes into the string, through {@link io.plinth.kvcache.keyspace.write.Strings} only. */
    public void put(int at, byte[] part, boolean scarce) {
        handle = records.put(hash, live(), at, part, scarce);
        records.strings().form(handle, StringForm.BUILT);
    }

    /** Whether it is a collection without elements. */
    boolean isEmpty() {
        return !isString() && collection().size() == 0;
    }

    /** How long the string is. Only for an entry that {@link #isString}. */
    @Override
    public int length() {
        return records.strings().length(live());
    }

    /** Writes the string. Only for an entry that {@link #isString}. */
    @Override
    public void writeTo(ByteBuf out) {
        records.strings().write(live(), out);
    }

    @Override
    public @Nullable Lasting lasting() {
        return records.strings().view(live(), 0, length());
    }

    /** Whether somebody reads the string as it was at some time, so that what is written to takes more memory. */
    public boolean isViewed() {
        return records.strings().isViewed(live());
    }

    /** So many of the string's bytes from a place on, which it has, to be written. */
    public Bulk range(int from, int count) {
        return new Bulk() {
            @Override
            public int length() {
                return count;
            }

            @Override
            public void writeTo(ByteBuf out) {
                out.writeBytes(part(from, count));
            }

            @Override
            public @Nullable Lasting lasting() {
                return count < LongArguments.LONG ? null : records.strings().view(live(), from, count);
            }
        };
    }

    /** The hash, to be changed only through the segment. Only for an entry that is not a string. */
    public HashValue hash() {
        return (HashValue) collection();
    }

    /** The list, to be changed only through the segment. */
    public ListValue list() {
        return (ListValue) collection();
    }

    /** The set, to be changed only through the segment. */
    public SetValue set() {
        return (SetValue) collection();
    }

    /** The sorted set, to be changed only through the segment. */
    public SortedSetValue sortedSet() {
        return (SortedSetValue) collection();
    }

    /** The stream, to be changed only through the segment. */
    public StreamValue stream() {
        return (StreamValue) collection();
    }

    /** The value of any type; of a string a copy. */
    public Value value() {
        return isString() ? new StringValue(string(), form()) : collection();
    }

    /** What Redis's OBJECT ENCODING calls it. */
    public String encoding() {
        return isString() && length() >= LongArguments.LONG ? "raw" : value().encoding();
    }

    /** How the string came to be. */
    public StringForm form() {
        return records.strings().form(live());
    }

    /** memcached's flags of the string; 0 where none were given. */
    public int flags() {
        return records.marks().flags(live());
    }

    /** Its CAS number; 0 where no memcached client was told one since the string came. */
    public long cas() {
        return records.marks().cas(live());
    }

    /** What else memcached's clients know of the string: {@link io.plinth.kvcache.keyspace.store.ItemMarks}'s bits. */
    public int bits() {
        return records.marks().bits(live());
    }

    /** Whether a memcached client has read the string. */
    public boolean fetched() {
        return records.marks().fetched(live());
    }

    /** Says so. */
    public void fetched(boolean yes) {
        records.marks().fetched(live(), yes);
    }

    /** Says the same three as above, through the segment only. */
    void mark(int flags, long cas, int bits) {
        handle = records.marks().set(hash, live(), flags, cas, bits);
    }

    /** Its value is another one. */
    void renewed() {
        records.marks().clear(live());
    }

    /** The eviction counter, 0 to 3. */
    public int frequency() {
        return records.uses().frequency(live());
    }

    /** The keyspace's second of the last use. */
    int touched() {
        return records.uses().touched(live());
    }

    /** The value's type. */
    public ValueType type() {
        return records.type(live());
    }
}
