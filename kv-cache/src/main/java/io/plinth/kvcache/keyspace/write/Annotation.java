package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import org.jspecify.annotations.Nullable;

/** What somebody knows of strings beside their bytes and has to outlive a restart. Asked with the key's segment locked. */
public interface Annotation {
    /** What is known of a string; null for nothing. */
    byte @Nullable [] of(Entry entry);

    /** This was known of a string that is back. */
    void restore(KeyRef key, byte[] known, long nowMillis);
}
