package io.plinth.kvcache.memcached;

import io.plinth.kvcache.command.CachePolicy;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
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
    /** What is answered where a write {@link #refuses}. */
    static final String REFUSAL = "SERVER_ERROR writes of this key go to a loader (expected: Redis's protocol)";

    private final NodeState node;
    private final Marks marks;
    private final KeyRef key = new KeyRef();
    private long now;

    Store(NodeState node, Marks marks) {
        this.node = node;
        this.marks = marks;
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

    /** A key that is there, with its segment locked. */
    record Item(Segment segment, Entry entry, Mark mark) {
        byte[] value() {
            return entry.string();
        }
    }

    NodeState node() {
        return node;
    }

    long now() {
        return now;
    }

    long nextCas() {
        return marks.next();
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
        key.set(node.keyspace().hasher(), 0, line, keyAt, length);
        Segment segment = node.keyspace().segment(key.slot());
        segment.lock();
        return segment;
    }

    /** A value without its flags is another one: where something of a mark is told, it counts together with the value or not at all. */
    <T extends @Nullable Object> T whole(Segment segment, boolean marked, Supplier<T> changes) {
        return marked && segment.heard() ? SegmentSet.together(node.keyspace(), segment, changes) : changes.get();
    }

    /** The item of the key that is locked, counted as a hit or a miss, or null; what is no string is none. */
    @Nullable
    Item read(Segment segment) {
        Entry entry = segment.read(key, now);
        return entry == null || !entry.isString() ? null : new Item(segment, entry, marks.of(key, now));
    }

    /** The item of the key that is locked, or null. */
    @Nullable
    Item find(Segment segment) {
        Entry entry = segment.find(key, now);
        return entry == null || !entry.isString() ? null : new Item(segment, entry, marks.of(key, now));
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

    /** Whether a loader would have to know what is written to a key: no command here waits for one. */
    boolean refuses(byte[] name) {
        return policy().handsOn(0, name);
    }

    private CachePolicy policy() {
        return node.settings().cachePolicy();
    }

    /** Gives the key that is locked a value. */
    Mark put(Segment segment, byte[] value, int flags, long given) {
        long deadline = given < now ? given : policy().expireAt(key, given, now);
        Mark mark = whole(segment, flags != 0, () -> {
            segment.putString(key, value, deadline, now);
            event(KeyEvents.STRING, "set");
            return marked(segment, flags);
        });
        expireAt(segment, deadline);
        return mark;
    }

    /** Gives the item another value, and keeps its flags and expiry. */
    Mark change(Item item, byte[] value) {
        int flags = item.mark.flags;
        return whole(item.segment, flags != 0, () -> {
            item.segment.putString(key, value, item.entry.expireAt(), now);
            event(KeyEvents.STRING, "set");
            return marked(item.segment, flags);
        });
    }

    /** Gives a number another value; one of as many digits is changed in its place, and is as stale as before. */
    void count(Item item, byte[] value) {
        boolean inPlace = value.length == item.entry().length();
        Mark before = item.mark;
        whole(item.segment, inPlace && before.stale, () -> {
            Mark after = change(item, value);
            if (inPlace) {
                after.stale = before.stale;
                after.won = before.won;
                after.fetched = before.fetched;
                if (after.stale) {
                    tell(item.segment, after);
                }
            }
            return after;
        });
    }

    private Mark marked(Segment segment, int flags) {
        Mark mark = marks.put(key, flags, now);
        if (flags != 0) {
            tell(segment, mark);
        }
        return mark;
    }

    /** What is known of the key that is locked was changed, so far as it is kept. */
    void tell(Segment segment, Mark mark) {
        Entry entry = segment.peek(key, now);
        byte[] kept = Marks.kept(mark);
        if (entry != null && kept != null) {
            node.keyspace().annotated(segment, entry, Annotations.Kind.MARKS, kept);
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

    void delete(Item item) {
        item.segment.delete(item.entry);
        event(KeyEvents.GENERIC, "del");
    }

    private void event(int type, String name) {
        if (node.settings().events().wants(type)) {
            node.settings().events().publish(type, name, 0, key.copy());
        }
    }

    /** Stores by a mode; {@code cas} null for any. The mark is that of the new value. */
    Stored store(Segment segment, Mode mode, byte[] value, int flags, long deadline, @Nullable Long cas) {
        Item item = find(segment);
        if (cas != null && item == null) {
            return Stored.NOT_FOUND;
        }
        if (cas != null && item != null && item.mark.cas != cas) {
            return Stored.EXISTS;
        }
        boolean wanted = mode == Mode.ADD ? item == null : mode == Mode.SET || item != null;
        if (!wanted) {
            return Stored.NOT_STORED;
        }
        if (item == null || mode == Mode.SET || mode == Mode.ADD || mode == Mode.REPLACE) {
            put(segment, value, flags, deadline);
            return Stored.STORED;
        }
        int old = item.entry.length();
        if ((long) old + value.length > node.limits().maxBulk()) {
            return Stored.NO_MEMORY;
        }
        if (mode == Mode.APPEND) {
            return whole(segment, item.mark.flags != 0, () -> {
                Strings.put(node.keyspace(), segment, item.entry, old, value);
                event(KeyEvents.STRING, "set");
                marked(segment, item.mark.flags);
                return Stored.STORED;
            });
        }
        byte[] joined = Arrays.copyOf(value, value.length + old);
        System.arraycopy(item.value(), 0, joined, value.length, old);
        change(item, joined);
        return Stored.STORED;
    }

    /** The number of an item, 64 bits without a sign; null where it is none. */
    static @Nullable Long number(Item item) {
        return item.entry.length() > MAX_DIGITS
                ? null
                : Line.unsigned(new String(item.value(), StandardCharsets.ISO_8859_1).trim());
    }

    /** Adds to, or takes from, a number: over the top it starts again, below nought it stays there. Shorter ones are padded. */
    static byte[] added(Item item, long old, long delta, boolean up) {
        long result = up ? old + delta : Long.compareUnsigned(delta, old) > 0 ? 0 : old - delta;
        String digits = Long.toUnsignedString(result);
        int length = item.entry().length();
        return (digits + " ".repeat(Math.max(0, length - digits.length()))).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Removes every key. */
    void flush() {
        node.keyspace().each(segment -> segment.flush(0));
        flushed();
    }

    /** Removes every key of a segment; when that is done with all of them {@link #flushed} is called. */
    void flush(int index) {
        Segment segment = node.keyspace().at(index);
        segment.lock();
        try {
            segment.flush(0);
        } finally {
            segment.unlock();
        }
    }

    /** Ends leases and tells clients that track keys. */
    void flushed() {
        policy().flushed(0);
        node.tracking().flushed();
    }
}
