package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.persist.copy.Touched.Base;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.Coverage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that makes copies: which keys of one segment, or some of them, changed after the image had them, and how. */
final class TouchedKeys {
    /** What one takes of the heap beside its name and its changes. */
    private static final int EACH = 240;

    private final int segment;
    private final Coverage coverage;
    private final Map<Name, Touched> keys = new HashMap<>();
    /** The last flush of each database. */
    private final long[] flushes = new long[Keyspace.DATABASES];

    private long bytes;

    private record Name(int db, ByteBuffer key) {}

    TouchedKeys(int segment, Coverage coverage) {
        this.segment = segment;
        this.coverage = coverage;
    }

    private static Name name(int db, byte[] key) {
        return new Name(db, ByteBuffer.wrap(key));
    }

    /** What it takes of the heap. */
    long bytes() {
        return bytes;
    }

    /** The next change, whose record of so many bytes stands at a place. */
    void change(long at, int length, ChangeRecord change) {
        int db = change.db();
        long sequence = change.sequence();
        switch (change.kind()) {
            case FLUSHED -> {
                flushes[db] = sequence;
                keys.forEach((name, touched) -> {
                    if (name.db == db && touched.covered() < sequence) {
                        bytes -= touched.becomes(Base.NOTHING, 0, Entry.NEVER);
                    }
                });
            }
            case ANNOTATED -> {
                // A file of Redis has no place for it.
                return;
            }
            default -> {
                Touched touched = of(db, change.key(), sequence);
                if (touched != null) {
                    change(touched, at, length, change);
                }
            }
        }
    }

    private @Nullable Touched of(int db, byte[] key, long sequence) {
        Name name = name(db, key);
        Touched known = keys.get(name);
        if (known == null) {
            long covered = coverage.of(segment, db, key);
            if (sequence <= covered) {
                return null;
            }
            known = new Touched(covered, base(db, covered));
            keys.put(name, known);
            bytes += EACH + key.length;
        }
        return sequence <= known.covered() ? null : known;
    }

    private Base base(int db, long covered) {
        if (flushed(db, covered)) {
            return Base.NOTHING;
        }
        return covered == Coverage.LOST ? Base.LOST : Base.IMAGE;
    }

    private void change(Touched touched, long at, int length, ChangeRecord change) {
        switch (change.kind()) {
            case STRING -> bytes -= touched.becomes(Base.STRING, at, change.expireAt());
            case VALUE -> bytes -= touched.becomes(Base.VALUE, at, change.expireAt());
            case DELETED, EXPIRED, EVICTED -> bytes -= touched.becomes(Base.NOTHING, 0, Entry.NEVER);
            case EXPIRY -> touched.expires(change.expireAt());
            default -> bytes += touched.changes(at, length);
        }
    }

    /** Whether a key that the image has up to a change went with all others of its database. */
    boolean flushed(int db, long covered) {
        return covered < flushes[db];
    }

    /** What changed of a key, which is not here any more then; null where nothing did. */
    @Nullable
    Touched take(int db, byte[] key) {
        return keys.isEmpty() ? null : keys.remove(name(db, key));
    }

    /** Sees keys. */
    interface Visitor {
        /** The next one. */
        void key(int db, byte[] key, Touched touched) throws IOException;
    }

    /** Visits those that are still here. */
    @SuppressWarnings("ByteBufferBackingArray") // each wraps the whole of one
    void forEach(Visitor visitor) throws IOException {
        for (Map.Entry<Name, Touched> each : keys.entrySet()) {
            visitor.key(each.getKey().db, each.getKey().key.array(), each.getValue());
        }
    }
}
