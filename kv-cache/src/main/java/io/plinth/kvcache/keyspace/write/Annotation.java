package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import org.jspecify.annotations.Nullable;

/** What somebody knows of keys beside their values and has to outlive a restart. Asked with the key's segment locked. */
public interface Annotation {
    /** What is known of a key; null for nothing. */
    byte @Nullable [] of(Entry entry);

    /** This was known of a key that is back; false where it cannot be kept, and the key is worth nothing without it. */
    boolean restore(KeyRef key, byte[] known, long nowMillis);
}
