package io.plinth.kvcache.session;

import io.plinth.kvcache.keyspace.KeyRef;
import java.util.Collection;
import java.util.List;

/** A blocking command that waits. */
public interface Blocked {
    /** Ends the wait with the reply of a timeout, or with an error. From any thread; answers whether it was in time. */
    boolean end(boolean error);

    /** Whether it waits for what others do, perhaps for ever; else it is answered in a while. */
    default boolean waitsForOthers() {
        return false;
    }

    /** The keys whose change it waits for. */
    default Collection<KeyRef> awaited() {
        return List.of();
    }

    /** Whether it also waits for the end of such a key. */
    default boolean untilGone() {
        return false;
    }

    /** Whether it ends by itself. */
    default boolean timed() {
        return false;
    }

    /** The connection takes more again after it did not. On the client's loop. */
    default void writable() {}

    /** Ends the wait of a client that is gone. On the client's loop. */
    void abandon();
}
