package io.plinth.kvcache.session;

import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongArgument;
import org.jspecify.annotations.Nullable;

/** Runs a command and writes its reply to the client's writer. */
public interface Dispatcher {
    /** Answers false when the command has to wait for the end of a pause; it is then given again. */
    boolean execute(Client client, Args args, long nowMillis);

    /** There was no memory for a command, which was read and forgotten but for arguments it began with. */
    void refuse(Client client, Args begun);

    /** Where the client's argument of so many bytes is to go that follows these; null: with them. */
    default @Nullable LongArgument longArgument(Client client, Args before, int length) {
        return null;
    }

    /** No further command follows at once. */
    void rest();
}
