package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.Watcher;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Annotations.Kind;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that encodes: one segment after the other in slices, each at one short hold of the segment. A slice is the
 * next keys in the order of their hashes, or a part of a large collection that was among them.
 *
 * <p>Parts of a hash, a set, a sorted set or a stream are of different moments, and the changes since the first bring them to one, as each
 * names its element; the scan they come from misses none that stays. A list's changes name places, so that its parts count only where it did
 * not change meanwhile; after a few tries it is written at one hold.
 */
final class SegmentEncoder {
    static final int EXPIRES = 1;
    static final int STRING = 2;
    /** The value follows in parts. */
    static final int PARTS = 4;
    /** How the string came to be follows. */
    static final int FORM = 8;
    /** What else is known of the string follows. */
    static final int MARKED = 16;
    /** The key's tags follow. */
    static final int TAGGED = 32;

    private static final int BYTES_A_SLICE = 16 << 10;
    /** Elements that take about as long as a key. */
    private static final int ELEMENTS_A_KEY = 4;

    private static final long LARGE_ELEMENTS = 1 << 9;
    private static final long LARGE_BYTES = 32 << 10;
    private static final int LIST_TRIES = 4;
    private static final long BEFORE_ALL = 0;

    private final Keyspace keyspace;
    private final KeyRef ref = new KeyRef();
    private final ArrayDeque<Large> large = new ArrayDeque<>();
    private long from;
    private long keys;
    private long longestNanos;

    /** A collection that is written in parts. */
    private static final class Large {
        final int db;
        final byte[] key;
        final ValueType type;
        long sequence;
        long cursor;
        int part;
        int tries;
        final StreamParts stream = new StreamParts();

        @Nullable
        Watcher watcher;

        Large(int db, byte[] key, ValueType type) {
            this.db = db;
            this.key = key;
            this.type = type;
        }
    }

    SegmentEncoder(Keyspace keyspace) {
        this.keyspace = keyspace;
    }

    /** How many keys were written. */
    long keys() {
        return keys;
    }

    /** The longest a segment was held. */
    long longestNanos() {
        return longestNanos;
    }

    /** A segment was held so long. */
    void held(long nanos) {
        longestNanos = Math.max(longestNanos, nanos);
    }

    /**
     * Appends the next slice of a segment, whose lock is held, of about so many keys; answers whether it was the segment's last.
     * Keys that are over are in it: a loop whose clock is behind may still change them.
     */
    boolean slice(int index, int most, Slices out) {
        Segment segment = keyspace.at(index);
        Large begun = large.peek();
        if (begun == null) {
            keys(segment, index, most, out);
        } else if (part(segment, index, begun, most * ELEMENTS_A_KEY, out)) {
            end(begun);
            large.remove();
        }
        if (from < KeyTable.END || !large.isEmpty()) {
            return false;
        }
        from = 0;
        return true;
    }

    /** Nothing more is wanted. With no lock held. */
    void abandon() {
        large.forEach(SegmentEncoder::end);
        large.clear();
    }

    private static void end(Large done) {
        Watcher watcher = done.watcher;
        if (watcher != null) {
            watcher.clear();
        }
    }

    private void keys(Segment segment, int index, int most, Slices out) {
        ByteSink sink = out.begin();
        int at = sink.size();
        long[] count = new long[1];
        long next = from;
        do {
            next = segment.bytes() == 0
                    ? KeyTable.END
                    : keyspace.walk(index, next, entry -> {
                        entry(entry, sink);
                        count[0]++;
                    });
        } while (next < KeyTable.END && count[0] < most && sink.size() - at < BYTES_A_SLICE);
        long sequence = keyspace.sequence(index);
        large.forEach(found -> found.sequence = sequence);
        keys += count[0];
        out.end(Block.KEYS, index, from, next, sequence);
        from = next;
    }

    private void entry(Entry entry, ByteSink sink) {
        boolean expires = entry.expireAt() != Entry.NEVER;
        boolean string = entry.isString();
        boolean parts = !string && large(entry);
        StringForm form = string ? entry.form() : StringForm.STORED;
        byte[] marks = string ? keyspace.annotations().of(Kind.MARKS, entry) : null;
        byte[] tags = parts ? null : keyspace.annotations().of(Kind.TAGS, entry);
        sink.u1(entry.db());
        sink.u1((expires ? EXPIRES : 0)
                | (string ? STRING : 0)
                | (parts ? PARTS : 0)
                | (form != StringForm.STORED ? FORM : 0)
                | (marks != null ? MARKED : 0)
                | (tags != null ? TAGGED : 0));
        sink.block(entry.key());
        if (expires) {
            sink.u8(entry.expireAt());
        }
        if (marks != null) {
            sink.block(marks);
        }
        if (tags != null) {
            sink.block(tags);
        }
        if (string) {
            if (form != StringForm.STORED) {
                sink.u1(form.code());
            }
            int length = entry.length();
            sink.u4(length);
            int at = sink.reserve(length);
            entry.read(0, sink.array(), at, length);
        } else if (parts) {
            large.add(new Large(entry.db(), entry.key(), entry.type()));
        } else {
            Values.write(entry.value(), sink);
        }
    }

    private static boolean large(Entry entry) {
        return entry.value().size() > LARGE_ELEMENTS || entry.value().bytes() > LARGE_BYTES;
    }

    /** Appends the next part of a collection; answers whether no more follows. */
    private boolean part(Segment segment, int index, Large of, int most, Slices out) {
        ref.set(keyspace.hasher(), of.db, of.key, 0, of.key.length);
        Entry entry = segment.peek(ref, BEFORE_ALL);
        if (entry == null || entry.isString() || entry.type() != of.type) {
            // The change that made it so is behind the slice that names the key.
            return true;
        }
        boolean list = of.type == ValueType.LIST;
        if (list && (of.watcher == null || of.watcher.invalid())) {
            watch(of, index);
        }
        if (of.type == ValueType.STREAM && of.stream.first()) {
            of.sequence = keyspace.sequence(index);
        }
        ByteSink sink = out.begin();
        sink.u1(of.db);
        sink.block(of.key);
        sink.u8(entry.expireAt());
        sink.u4(of.part++);
        int last = sink.size();
        sink.u1(0);
        byte[] tags = of.part == 1 ? keyspace.annotations().of(Kind.TAGS, entry) : null;
        int more = tags == null ? 0 : Part.TAGGED;
        if (tags != null) {
            sink.block(tags);
        }
        boolean over;
        if (list && of.tries > LIST_TRIES) {
            sink.u1(Part.WHOLE);
            Values.write(entry.value(), sink);
            over = true;
        } else if (entry.value() instanceof StreamValue stream) {
            sink.u1(Part.form(of.type));
            over = of.stream.write(stream, most, BYTES_A_SLICE, sink);
        } else {
            sink.u1(Part.form(of.type));
            of.cursor = Part.write(entry.value(), of.cursor, most, BYTES_A_SLICE, sink);
            over = of.cursor == 0;
        }
        sink.u1(last, (over ? Part.LAST : 0) | more);
        out.end(Block.PART, index, 0, 0, of.sequence);
        return over;
    }

    /** From the begin, as it is now. */
    private void watch(Large list, int index) {
        end(list);
        Watcher watcher = new Watcher();
        watcher.watch(keyspace, keyspace.databases().named(ref.db()), ref, BEFORE_ALL);
        list.watcher = watcher;
        list.tries++;
        list.part = 0;
        list.cursor = 0;
        list.sequence = keyspace.sequence(index);
    }
}
