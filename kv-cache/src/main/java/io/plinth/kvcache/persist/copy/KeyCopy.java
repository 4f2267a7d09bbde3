package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.persist.copy.ElementCopy.Written;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.Values;
import io.plinth.kvcache.persist.snapshot.Image;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that makes copies: writes one key after the other, none of which is over. */
final class KeyCopy {
    /** Of no key. */
    static final Before NOTHING = new Before(null, null, null);

    /** What a value takes of the heap at most, when it is read from a payload, in as many of the payload's bytes. */
    private static final int TIMES = 4;

    private final ChangeFile changes;
    private final RdbFileWriter out;
    private final KeyHash hasher;
    private final long memory;
    private final StringCopy strings;
    private final ElementCopy elements;
    private final ListCopy lists;
    private final StreamCopy streams;
    private long written;
    private long withoutExpiry;

    /**
     * What the image has of a key: one of these, or nothing.
     *
     * @param string a string's bytes
     * @param payload another value as DUMP has it
     * @param large a collection, or a long string, in parts
     */
    record Before(
            @Nullable ByteBuffer string,
            @Nullable ByteBuffer payload,
            @Nullable LargeValue large) {}

    KeyCopy(Image image, ChangeFile changes, Spool spool, RdbFileWriter out, long memory, long nowMillis) {
        this.changes = changes;
        this.out = out;
        this.memory = memory;
        this.hasher = new KeyHash(image.facts().seed());
        this.strings = new StringCopy(memory);
        this.elements = new ElementCopy(hasher, spool, memory, nowMillis);
        this.lists = new ListCopy(image, changes, memory);
        this.streams = new StreamCopy(spool, changes, memory);
    }

    /** How many keys there are by now. */
    long written() {
        return written;
    }

    /** Hashes whose fields lost their expiries. */
    long withoutExpiry() {
        return withoutExpiry;
    }

    private void count(Written what) {
        written += what == Written.NOTHING ? 0 : 1;
        withoutExpiry += what == Written.WITHOUT_EXPIRIES ? 1 : 0;
    }

    /** A string. */
    void string(int db, byte[] key, long expireAt, ByteBuffer content) {
        out.key(db, key, ChangedKey.expiry(expireAt), RdbWriter.STRING).string(content);
        written++;
    }

    /** Another value, as DUMP has it. */
    void dumped(int db, byte[] key, long expireAt, ByteBuffer payload) throws IOException {
        if (RdbFileWriter.understands(payload)) {
            out.dumped(db, key, ChangedKey.expiry(expireAt), payload);
            written++;
        } else {
            ChangedKey only =
                    new ChangedKey(db, key, expireAt, null, null, new Touched(0, Touched.Base.IMAGE), changes);
            count(elements.whole(read(payload), only, out));
        }
    }

    private Value read(ByteBuffer payload) throws IOException {
        if ((long) TIMES * payload.remaining() > memory) {
            throw new IOException(CopyWriter.tooMuch(memory));
        }
        try {
            return Values.value(payload, hasher, Packing.DEFAULT);
        } catch (RdbException e) {
            throw new IOException("copy: a value: " + e.getMessage(), e);
        }
    }

    private static ByteBuffer payload(LargeValue large) throws IOException {
        try {
            return Values.payload(large.elements(0));
        } catch (RdbException e) {
            throw new IOException("copy: a value: " + e.getMessage(), e);
        }
    }

    private void strings(ChangedKey key, List<ByteBuffer> before) throws IOException {
        strings.write(key, before, out);
        written++;
    }

    /** A collection, or a long string, in parts. */
    void large(int db, LargeValue large) throws IOException {
        if (large.dumped()) {
            dumped(db, large.key(), large.expireAt(), payload(large));
            return;
        }
        Touched nothing = new Touched(large.sequence(), Touched.Base.IMAGE);
        ChangedKey only = new ChangedKey(db, large.key(), large.expireAt(), null, large, nothing, changes);
        switch (large.type()) {
            case STRING -> strings(only, large.string());
            case LIST -> {
                if (large.changed()) {
                    collection(only, ValueType.LIST);
                } else {
                    written += lists.write(large, db, out) ? 1 : 0;
                }
            }
            case STREAM -> {
                streams.write(large, db, out);
                written++;
            }
            default -> count(elements.write(large, db, out));
        }
    }

    /** A key that changed since. */
    void changed(int db, byte[] key, long expireAt, Touched since, Before image) throws IOException {
        Before before = switch (since.base()) {
            case IMAGE -> image;
            case LOST, NOTHING -> NOTHING;
            case STRING, VALUE -> became(since);
        };
        ByteBuffer string = before.string();
        ByteBuffer payload = before.payload();
        LargeValue large = before.large();
        if (large != null && large.dumped()) {
            payload = payload(large);
            large = null;
        }
        if (string != null) {
            if (since.count() == 0) {
                string(db, key, expireAt, string);
            } else {
                strings(new ChangedKey(db, key, expireAt, null, null, since, changes), List.of(string));
            }
        } else if (large != null && large.type() == ValueType.STRING) {
            strings(new ChangedKey(db, key, expireAt, null, large, since, changes), large.string());
        } else if (payload != null && since.count() == 0) {
            dumped(db, key, expireAt, payload);
        } else if (payload != null) {
            Value value = read(payload);
            collection(new ChangedKey(db, key, expireAt, value, null, since, changes), value.type());
        } else if (large != null) {
            collection(new ChangedKey(db, key, expireAt, null, large, since, changes), large.type());
        } else if (since.count() > 0) {
            collection(new ChangedKey(db, key, expireAt, null, null, since, changes), begun(since));
        }
    }

    private ChangeRecord record(long place) throws IOException {
        try {
            return ChangeRecord.read(changes.at(place));
        } catch (RdbException e) {
            throw new IOException("copy: a change that cannot be read: " + e.getMessage(), e);
        }
    }

    private Before became(Touched since) throws IOException {
        ChangeRecord change = record(since.place());
        return since.base() == Touched.Base.STRING
                ? new Before(Objects.requireNonNullElseGet(change.value(), () -> ByteBuffer.allocate(0)), null, null)
                : new Before(null, change.content(), null);
    }

    /** What a change makes where nothing was. */
    private ValueType begun(Touched since) throws IOException {
        ChangeRecord first = record(since.change(0));
        return switch (first.kind()) {
            case FIELD -> ValueType.HASH;
            case HEAD, TAIL -> ValueType.LIST;
            case MEMBER -> ValueType.SET;
            case SCORE -> ValueType.SORTED_SET;
            case STREAM -> ValueType.STREAM;
            default -> throw new IOException("copy: a change does not fit its key: " + first.kind() + " of none");
        };
    }

    private void collection(ChangedKey changed, ValueType type) throws IOException {
        switch (type) {
            case LIST -> written += lists.write(changed, out) ? 1 : 0;
            case STREAM -> {
                streams.write(changed, out);
                written++;
            }
            default -> count(elements.write(changed, type, out));
        }
    }
}
