package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Annotations.Kind;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.wire.Lasting;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that encodes: one segment after the other in slices, each at one short hold of the segment. A slice is the
 * next keys in the order of their hashes, or a part of a large collection that was among them.
 *
 * <p>Parts of a hash, a set, a sorted set or a stream are of different moments, and the changes since the first bring them to one, as each
 * names its element; the scan they come from misses none that stays. A list's changes name places, so that those made
 * meanwhile are written with it ({@link ListParts}).
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
    /** Of a long string, which is copied alone. */
    private static final int STRING_BYTES_A_SLICE = 128 << 10;
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
        final int index;
        final int db;
        final byte[] key;
        final ValueType type;
        long sequence;
        long cursor;
        int part;
        int tries;
        final StreamParts stream = new StreamParts();

        @Nullable
        ListParts list;
        /** What a long string was when its first part was written. */
        @Nullable
        Lasting string;

        Large(int index, int db, byte[] key, ValueType type) {
            this.index = index;
            this.db = db;
            this.key = key;
            this.type = type;
        }

        void release() {
            if (string != null) {
                string.release();
                string = null;
            }
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
        } else if (part(segment, begun, most * ELEMENTS_A_KEY, out)) {
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
        for (Large each : large) {
            each.release();
            ListParts list = each.list;
            if (list != null) {
                keyspace.at(each.index).soon(() -> keyspace.unlisten(each.index, list));
            }
        }
        large.clear();
    }

    private void end(Large done) {
        done.release();
        ListParts list = done.list;
        if (list != null) {
            keyspace.unlisten(done.index, list);
            done.list = null;
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
        boolean parts = string ? Strings.isLong(entry) : large(entry);
        StringForm form = string && !parts ? entry.form() : StringForm.STORED;
        byte[] marks = string && !parts ? keyspace.annotations().of(Kind.MARKS, entry) : null;
        byte[] tags = parts ? null : keyspace.annotations().of(Kind.TAGS, entry);
        sink.u1(entry.db());
        sink.u1((expires ? EXPIRES : 0)
                | (string && !parts ? STRING : 0)
                | (parts ? PARTS : 0)
                | (form != StringForm.STORED ? FORM : 0)
                | (marks != null ? MARKED : 0)
                | (tags != null ? TAGGED : 0));
        int key = entry.keyLength();
        sink.u4(key);
        int keyAt = sink.reserve(key);
        entry.readKey(sink.array(), keyAt);
        if (expires) {
            sink.u8(entry.expireAt());
        }
        if (marks != null) {
            sink.block(marks);
        }
        if (tags != null) {
            sink.block(tags);
        }
        if (parts) {
            large.add(new Large(entry.slot() & Keyspace.SEGMENTS - 1, entry.db(), entry.key(), entry.type()));
        } else if (string) {
            if (form != StringForm.STORED) {
                sink.u1(form.code());
            }
            int length = entry.length();
            sink.u4(length);
            int at = sink.reserve(length);
            entry.read(0, sink.array(), at, length);
        } else {
            Values.write(entry.value(), sink);
        }
    }

    private static boolean large(Entry entry) {
        return entry.value().size() > LARGE_ELEMENTS || entry.value().bytes() > LARGE_BYTES;
    }

    /** Appends the next part of a collection; answers whether no more follows. */
    private boolean part(Segment segment, Large of, int most, Slices out) {
        ref.set(keyspace.hasher(), of.db, of.key, 0, of.key.length);
        Entry entry = segment.peek(ref, BEFORE_ALL);
        if (entry == null || entry.type() != of.type) {
            // The change that made it so is behind the slice that names the key.
            return true;
        }
        int form = Part.form(of.type);
        if (of.type == ValueType.STRING) {
            return string(of, entry, out);
        }
        return switch (entry.value()) {
            case ListValue list -> list(of, entry, list, most, out);
            case StreamValue stream -> {
                if (of.stream.first()) {
                    of.sequence = keyspace.sequence(of.index);
                }
                yield part(of, entry, form, out, sink -> of.stream.write(stream, most, BYTES_A_SLICE, sink));
            }
            case Value value ->
                part(of, entry, form, out, sink -> {
                    of.cursor = Part.write(value, of.cursor, most, BYTES_A_SLICE, sink);
                    return of.cursor == 0;
                });
        };
    }

    /** What is to be appended to a part; answers whether that is the last. */
    private interface Elements {
        boolean write(ByteSink sink);
    }

    private boolean part(Large of, Entry entry, int form, Slices out, Elements elements) {
        ByteSink sink = out.begin();
        sink.u1(of.db);
        sink.block(of.key);
        sink.u8(entry.expireAt());
        sink.u4(of.part);
        int last = sink.size();
        sink.u1(0);
        byte[] tags = of.part == 0 ? keyspace.annotations().of(Kind.TAGS, entry) : null;
        int more = tags == null ? 0 : Part.TAGGED;
        if (tags != null) {
            sink.block(tags);
        }
        byte[] marks =
                of.part == 0 && form == Part.STRING ? keyspace.annotations().of(Kind.MARKS, entry) : null;
        more |= marks == null ? 0 : Part.MARKED;
        if (marks != null) {
            sink.block(marks);
        }
        of.part++;
        sink.u1(form);
        long from = of.cursor;
        boolean over = elements.write(sink);
        sink.u1(last, (over ? Part.LAST : 0) | more);
        // Of a hash or a set the hashes of its elements, the last 0 at the end.
        out.end(Block.PART, of.index, from, of.cursor, of.sequence);
        return over;
    }

    /** A long string's parts are of the moment of the first: pages that are changed since are read as they were. */
    private boolean string(Large of, Entry entry, Slices out) {
        Lasting string = of.string;
        if (string == null) {
            string = entry.lasting();
            if (string == null) {
                // It became a short one, which the change since has as a whole.
                return true;
            }
            of.string = string;
            of.sequence = keyspace.sequence(of.index);
        }
        Lasting bytes = string;
        return part(of, entry, Part.STRING, out, sink -> {
            int count = Math.min(STRING_BYTES_A_SLICE, bytes.length() - (int) of.cursor);
            sink.u1(entry.form().code());
            sink.u4(bytes.length());
            sink.u4(count);
            int at = sink.reserve(count);
            bytes.read((int) of.cursor, sink.array(), at, count);
            of.cursor += count;
            return of.cursor == bytes.length();
        });
    }

    /** What a list's parts come to is the list as it is now. */
    private boolean list(Large of, Entry entry, ListValue list, int most, Slices out) {
        ListParts before = of.list;
        ListParts parts = before == null || before.futile() ? again(of, list) : before;
        of.sequence = keyspace.sequence(of.index);
        if (of.tries > LIST_TRIES) {
            return part(of, entry, Part.WHOLE, out, sink -> {
                Values.write(list, sink);
                return true;
            });
        }
        if (parts.changed()) {
            part(of, entry, Part.CHANGES, out, sink -> {
                parts.changes(sink);
                return false;
            });
        }
        return part(of, entry, Part.form(of.type), out, sink -> parts.write(list, most, BYTES_A_SLICE, sink));
    }

    /** From the begin. */
    private ListParts again(Large of, ListValue list) {
        end(of);
        ListParts parts = new ListParts(of.db, of.key, list.size());
        keyspace.listen(of.index, parts);
        of.list = parts;
        of.tries++;
        of.part = 0;
        return parts;
    }
}
