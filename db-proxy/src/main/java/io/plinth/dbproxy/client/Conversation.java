package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlException;

/** What a client talks to once it is logged in. Owned by its channel's event loop. */
public interface Conversation {
    /** Takes a message from the client. */
    void receive(ClientMessage message) throws SqlException;

    /** Whether copied data is passed on as it comes. */
    default boolean copying() {
        return false;
    }

    /** Takes ownership of copied data. */
    default void copied(ByteBuf run) {
        run.release();
    }

    /** The client takes more again. */
    default void clientWritable() {}

    /** Whether nothing is under way, so that the client may be let go. */
    boolean quiet();

    /** The client is gone, or must go. */
    void close();

    /** What is told of it to operators. */
    State state();

    /**
     * A client's state.
     *
     * @param waiting whether it waits for a server connection
     * @param sinceNanos when its last request began
     * @param prepared how many statements it has prepared
     * @param link the name of the server it uses, or empty
     */
    record State(boolean waiting, long sinceNanos, String application, int prepared, String link) {}
}
