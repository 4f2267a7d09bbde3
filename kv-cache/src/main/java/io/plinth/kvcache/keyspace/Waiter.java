package io.plinth.kvcache.keyspace;

/** Waits for keys to change; called with the changed key's segment locked. */
public interface Waiter {
    /** Whether a key with this type of value, or with none, may end the wait. */
    boolean wants(@org.jspecify.annotations.Nullable Entry entry);
}
