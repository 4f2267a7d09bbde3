package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How keys are cached, by what they begin with. Asked by all loops. */
public interface CachePolicy {
    /** For a node without patterns. */
    CachePolicy NONE = new CachePolicy() {};

    /** When a string goes that is set with this expiry, or with none. */
    default long expireAt(KeyRef key, long given, long nowMillis) {
        return given;
    }

    /**
     * Refuses what a pattern does not allow, and makes room within its quota. {@code atOnce}: in a transaction or script, where
     * nothing waits.
     */
    default void admit(Command command, Client client, Args args, boolean atOnce) {}

    /** Refuses a transaction whose writes do not fit all together, and makes room for them. */
    default void admitAll(CommandTable table, Client client, List<Args> queued) {}

    /** Whether a key may take so many bytes more within its pattern's quota; makes room. Without a lock. */
    default boolean room(int db, byte[] key, long bytes) {
        return true;
    }

    /** Whether a loader has to know what is written to a key. */
    default boolean handsOn(int db, byte[] key) {
        return false;
    }

    /** Whether what a loader answers is put into the cache. */
    default boolean loads() {
        return false;
    }

    /** Whether the command waits for a loader first; then the client is blocked until it is {@link CommandExecutor#release}d. */
    default boolean holds(CommandExecutor executor, Command command, Client client, Args args, long nowMillis) {
        return false;
    }

    /**
     * What goes with a value to another name: its tags. Refuses where they cannot be kept. The answer, once the value is there, gives it
     * them. With the segments' locks.
     */
    default Runnable carry(KeyRef from, KeyRef to, long nowMillis) {
        return () -> {};
    }

    /** A key was removed by command that is not there. With its segment's lock. */
    default void gone(KeyRef key) {}

    /** What is known of a key beside its value, by name. With its segment's lock. */
    default Map<String, String> explain(KeyRef key, @Nullable Entry entry, long nowMillis) {
        return Map.of();
    }

    /** Two databases were exchanged as clients name them, and all segments are locked. */
    default void exchanged(int one, int other) {}

    /** A database was emptied, by its number in records. */
    default void flushed(int db) {}
}
