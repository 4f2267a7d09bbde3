package io.plinth.kvcache.session;

import io.plinth.kvcache.wire.Args;

/** Runs a command and writes its reply to the client's writer. */
public interface Dispatcher {
    /** Answers false when the command has to wait for the end of a pause; it is then given again. */
    boolean execute(Client client, Args args, long nowMillis);

    /** No further command follows at once. */
    void rest();
}
