package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filled before anything is brought back, then only read: who knows what of keys beside their values. */
public final class Annotations {
    private static final byte[] OF_MARKS = {};
    private static final byte[] OF_TAGS = {1};

    private final Map<Kind, Annotation> all = new EnumMap<>(Kind.class);

    /** What is known, with the field of a change that tells of it, as it lies on disk. */
    public enum Kind {
        /** Of a string: memcached's flags, and whether it is stale. */
        MARKS,
        /** Of any key: its tags. */
        TAGS;

        /** The kind of a change's field. */
        public static Kind of(byte[] field) {
            return field.length == 0 ? MARKS : TAGS;
        }

        /** The field of a change that tells of it; never to be changed. */
        public byte[] field() {
            return this == MARKS ? OF_MARKS : OF_TAGS;
        }
    }

    /** Names who knows. */
    public void use(Kind kind, Annotation by) {
        all.put(kind, by);
    }

    /** What is known of a key; null for nothing. */
    public byte @Nullable [] of(Kind kind, Entry entry) {
        Annotation by = all.get(kind);
        return by == null ? null : by.of(entry);
    }

    /** This was known of a key that is back; false where it cannot be kept, and the key is worth nothing without it. */
    public boolean restore(Kind kind, KeyRef key, byte @Nullable [] known, long nowMillis) {
        Annotation by = all.get(kind);
        return by == null || known == null || by.restore(key, known, nowMillis);
    }
}
