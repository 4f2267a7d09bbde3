package io.plinth.kvcache.command.cache;

import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;

/** The loaders behind keys, as commands see them. From all loops. */
public interface Holding {
    /** For a node without loaders. */
    Holding NONE = new Holding() {};

    /** Whether the command waits for a loader first; it is released by the executor. */
    default boolean holds(CommandExecutor executor, Command command, Client client, Args args, long nowMillis) {
        return false;
    }

    /** Refuses what could not be written where the pattern's loader has to know of it. */
    default void admit(Command command, Client client, Args args, boolean atOnce) {}
}
