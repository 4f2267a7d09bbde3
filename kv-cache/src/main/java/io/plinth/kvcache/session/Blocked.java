package io.plinth.kvcache.session;

/** A blocking command that waits. */
public interface Blocked {
    /** Ends the wait with the reply of a timeout, or with an error. From any thread; answers whether it was in time. */
    boolean end(boolean error);

    /** Whether it waits for what others do, perhaps for ever; else it is answered in a while. */
    default boolean waitsForOthers() {
        return false;
    }

    /** Ends the wait of a client that is gone. On the client's loop. */
    void abandon();
}
