package io.plinth.kvcache.memcached;

import io.plinth.kvcache.command.CachePolicy;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.write.Annotations;
import io.plinth.kvcache.keyspace.write.Strings;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Owned by one connection: what commands do to keys, each under its key's segment lock. */
final class Store {
    private static final int MONTH = 60 * 60 * 24 * 30;
    private static final int MAX_DIGITS = 20;
    static final String LOADERS = "SERVER_ERROR writes of this key go to a loader (expected: Redis's protocol)";
    private static final String READ_ONLY =
            "SERVER_ERROR this node follows a Redis and takes no writes (expected: REPLICAOF NO ONE before)";

    private final NodeState node;
    private final CasNumbers numbers;
    private final KeptMarks kept;
    private final KeyRef key = new KeyRef();
    private long now;

    Store(NodeState node, CasNumbers numbers) {
        this.node = node;
        this.numbers = numbers;
        this.kept = new KeptMarks(node.keyspace());
    }

    /** How storing ended. */
    enum Stored {
        STORED,
        NOT_STORED,
        EXISTS,
        NOT_FOUND,
        NO_MEMORY
    }

    /** How to store. */
    enum Mode {
        SET,
        ADD,
        REPLACE,
        APPEND,
        PREPEND
    }

    NodeState node() {
        return node;
    }

    long now() {
        return now;
    }

    /** Does something with a key, under its lock. */
    <T> T with(byte[] name, Function<Segment, T> action) {
        Segment segment = lock(name, 0, name.length);
        try {
            return action.apply(segment);
        } finally {
            segment.unlock();
        }
    }

    /** Begins with a key, which stays where it is: locks its segment, which the caller unlocks. */
    Segment lock(byte[] line, int keyAt, int length) {
        now = node.clock().millis();
        key.set(node.keyspace().hasher(), db(), line, keyAt, length);
        Segment segment = node.keyspace().segment(key.slot());
        segment.lock();
        if (key.db() != db()) {
            // SWAPDB came before the segment was ours.
            key.set(node.keyspace().hasher(), db(), line, keyAt, length);
        }
        return segment;
    }

    /** A value without its flags is another one: where something of a mark is told, it counts together with the value or not at all. */
    <T extends @Nullable Object> T whole(Segment segment, boolean marked, Supplier<T> changes) {
        return marked && segment.heard() ? SegmentSet.together(node.keyspace(), segment, changes) : changes.get();
    }

    /** The string of the key that is locked, counted as used and as a hit or a miss, or null. */
    @Nullable
    Entry read(Segment segment) {
        return string(segment.read(key, now));
    }

    /** The same, not counted as used. */
    @Nullable
    Entry look(Segment segment) {
        return string(segment.look(key, now));
    }

    /** The string of the key that is locked, counted as used, or null. */
    @Nullable
    Entry find(Segment segment) {
        return string(segment.find(key, now));
    }

    /** The same, not counted at all. */
    @Nullable
    Entry peek(Segment segment) {
        return string(segment.peek(key, now));
    }

    /** What is no string is none of memcached's. */
    private static @Nullable Entry string(@Nullable Entry entry) {
        return entry == null || !entry.isString() ? null : entry;
    }

    /** Seconds since an item was last used, or stored. */
    long idleSeconds(Entry item) {
        return node.keyspace().idleSeconds(item, now);
    }

    /** The CAS number of an item: who asks has it kept. */
    long cas(Segment segment, Entry item) {
        if (item.cas() == 0) {
            segment.mark(item, item.flags(), numbers.next(), item.bits());
        }
        return item.cas();
    }

    /** Whether this is the item's CAS number; it is none that nobody was told. */
    static boolean is(Entry item, long cas) {
        return item.cas() != 0 && item.cas() == cas;
    }

    /** Changes what is known of an item beside flags and CAS number. */
    void bits(Segment segment, Entry item, int bits) {
        if (bits != item.bits()) {
            segment.mark(item, item.flags(), item.cas(), bits);
        }
    }

    /** When a time as memcached writes it is over; in the past where it is over at once. */
    static long deadline(long seconds, long nowMillis) {
        if (seconds == 0) {
            return Entry.NEVER;
        }
        if (seconds < 0) {
            return nowMillis - 1;
        }
        return seconds > MONTH ? seconds * 1000 : nowMillis + seconds * 1000;
    }

    /** Whether a key may take so many bytes more, as far as that is known before its segment is locked. */
    boolean room(byte[] name, long bytes) {
        return node.keyspace().durability().refusal() == null
                && node.keyspace().makeRoom(bytes)
                && policy().room(0, name, name.length + bytes);
    }

    /**
     * What a write is answered that is not made; null where it is. Where a loader would have to know what is written to a key, no command here
     * waits for one.
     */
    @Nullable
    String refusal(byte[] name) {
        String refusal = refusal();
        return refusal != null ? refusal : policy().handsOn(0, name) ? LOADERS : null;
    }

    /**
     * The same of a change that no loader has to know. A node that follows a Redis is a copy of that; and while the journal takes no changes
     * none is made.
     */
    @Nullable
    String refusal() {
        if (isReadOnly()) {
            return READ_ONLY;
        }
        String journal = node.keyspace().durability().refusal();
        return journal == null ? null : "SERVER_ERROR " + journal;
    }

    boolean isReadOnly() {
        return node.settings().readOnly();
    }

    private CachePolicy policy() {
        return node.settings().cachePolicy();
    }

    /** Gives the key that is locked a value. */
    void put(Segment segment, byte[] value, int flags, long given) {
        long deadline = given < now ? given : policy().expireAt(key, given, now);
        whole(segment, flags != 0, () -> {
            Entry entry = segment.putString(key, value, deadline, now);
            event(KeyEvents.STRING, "set");
            return marked(segment, entry, flags, 0);
        });
        if (deadline < now) {
            expireAt(segment, deadline);
        }
    }

    /** Gives the item another value, and keeps its flags and expiry; these bits are known of it. */
    private void change(Segment segment, Entry item, byte[] value, int bits) {
        int flags = item.flags();
        whole(segment, flags != 0 || bits != 0, () -> {
            Entry entry = segment.putString(key, value, item.expireAt(), now);
            event(KeyEvents.STRING, "set");
            return marked(segment, entry, flags, bits);
        });
    }

    /** Gives a number another value; one of as many digits is changed in its place, and is as stale as before. */
    void count(Segment segment, Entry item, byte[] value) {
        boolean inPlace = value.length == item.length();
        boolean fetched = item.fetched();
        change(segment, item, value, inPlace ? item.bits() : 0);
        Entry after = peek(segment);
        if (inPlace && after != null) {
            after.fetched(fetched);
        }
    }

    private Entry marked(Segment segment, Entry entry, int flags, int bits) {
        segment.mark(entry, flags, 0, bits);
        tell(segment, entry);
        return entry;
    }

    /** What is known of an item was changed, so far as it is kept. */
    void tell(Segment segment, Entry item) {
        byte[] known = segment.heard() ? kept.of(item) : null;
        if (known != null) {
            node.keyspace().annotated(segment, item, Annotations.Kind.MARKS, known);
        }
    }

    /** Moves the expiry of the key that is locked. */
    void expireAt(Segment segment, long deadline) {
        Entry entry = segment.find(key, now);
        if (entry == null) {
            return;
        }
        if (deadline < now) {
            segment.delete(entry);
            event(KeyEvents.GENERIC, "del");
        } else if (entry.expireAt() != deadline) {
            segment.expireAt(entry, deadline);
        }
    }

    /** When the key that is locked goes, where a client gives it another expiry: what is stale is kept a while. */
    long until(long given) {
        return given < now || given == Entry.NEVER ? given : policy().expireAt(key, given, now);
    }

    /** The key that is locked was to be removed and is not there. */
    void gone() {
        policy().gone(key);
    }

    void delete(Segment segment, Entry item) {
        segment.delete(item);
        event(KeyEvents.GENERIC, "del");
    }

    /** Removes what a key has, as its new value could not be stored: unless changes of it are refused as well. */
    void remove(byte[] name) {
        if (refusal(name) != null) {
            return;
        }
        with(name, segment -> {
            Entry item = find(segment);
            if (item != null) {
                delete(segment, item);
            }
            return item;
        });
    }

    private void event(int type, String name) {
        if (node.settings().events().wants(type)) {
            node.settings().events().publish(type, name, key.db(), key.copy());
        }
    }

    /** Stores by a mode; {@code cas} null for any.  */
    Stored store(Segment segment, Mode mode, byte[] value, int flags, long deadline, @Nullable Long cas) {
        Entry item = find(segment);
        boolean compares = cas != null && (mode == Mode.SET || mode == Mode.REPLACE);
        boolean joins = mode == Mode.APPEND || mode == Mode.PREPEND;
        if (compares && item == null) {
            return Stored.NOT_FOUND;
        }
        // What is put before or behind a value has no number of nought to compare.
        if (cas != null && item != null && (compares || (joins && cas != 0)) && !is(item, cas)) {
            return Stored.EXISTS;
        }
        boolean wanted = mode == Mode.ADD ? item == null : mode == Mode.SET || item != null;
        if (!wanted) {
            return Stored.NOT_STORED;
        }
        if (item == null || !joins) {
            put(segment, value, flags, deadline);
            return Stored.STORED;
        }
        int old = item.length();
        if ((long) old + value.length > node.limits().maxItem()) {
            return Stored.NO_MEMORY;
        }
        if (mode == Mode.APPEND) {
            int kept = item.flags();
            return whole(segment, kept != 0, () -> {
                Strings.put(node.keyspace(), segment, item, old, value);
                event(KeyEvents.STRING, "set");
                marked(segment, item, kept, 0);
                return Stored.STORED;
            });
        }
        byte[] joined = Arrays.copyOf(value, value.length + old);
        System.arraycopy(item.string(), 0, joined, value.length, old);
        change(segment, item, joined, 0);
        return Stored.STORED;
    }

    /** The number of an item, 64 bits without a sign; null where it is none. */
    static @Nullable Long number(Entry item) {
        return item.length() > MAX_DIGITS
                ? null
                : Line.unsigned(new String(item.string(), StandardCharsets.ISO_8859_1).trim());
    }

    /** Adds to, or takes from, a number: over the top it starts again, below nought it stays there. Shorter ones are padded. */
    static byte[] added(Entry item, long old, long delta, boolean up) {
        long result = up ? old + delta : Long.compareUnsigned(delta, old) > 0 ? 0 : old - delta;
        String digits = Long.toUnsignedString(result);
        int length = item.length();
        return (digits + " ".repeat(Math.max(0, length - digits.length()))).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Database 0, by its number in records. */
    int db() {
        return node.keyspace().databases().stored(0);
    }

    /** Removes every key; of one database, though others are exchanged meanwhile. */
    void flush() {
        ScriptTurn turn = node.keyspace().turn();
        turn.take();
        try {
            int database = db();
            node.keyspace().each(segment -> segment.flush(database));
            flushed(database);
        } finally {
            turn.give();
        }
    }

    /**
     * Removes every key that a segment has of a database, by its number in records; when that is done with all segments
     * {@link #flushed} is called.
     */
    void flush(int index, int database) {
        Segment segment = node.keyspace().at(index);
        segment.lock();
        try {
            segment.flush(database);
        } finally {
            segment.unlock();
        }
    }

    /** Ends leases and tells clients that track keys. */
    void flushed(int database) {
        policy().flushed(database);
        node.tracking().flushed();
    }
}
