package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.wire.AmqpException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A command on a virtual host, and who hears how it ended. */
record Job(
        String vhost, DefinitionCommand command, @Nullable Asker asker, Consumer<Definitions.Result> reply) {
    /** What follows from a change, and is no client's. */
    Job(String vhost, DefinitionCommand command, Consumer<Definitions.Result> reply) {
        this(vhost, command, null, reply);
    }

    /** Whether a command before it was refused: nobody waits for it then. */
    boolean dropped() {
        return asker != null && asker.isRefused();
    }

    void refuse(AmqpException error) {
        refuse(error, reply);
    }

    /** Refuses it to who hears in its place. */
    void refuse(AmqpException error, Consumer<Definitions.Result> hears) {
        if (asker != null) {
            asker.refused();
        }
        hears.accept(new Definitions.Result(error, null, false));
    }
}
