package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.wire.AmqpException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A command on a virtual host, and who hears how it ended.
 *
 * @param number in which order its asker asked
 */
record Job(
        String vhost,
        DefinitionCommand command,
        @Nullable Asker asker,
        long number,
        Consumer<Definitions.Result> reply) {
    /** What follows from a change, and is no client's. */
    Job(String vhost, DefinitionCommand command, Consumer<Definitions.Result> reply) {
        this(vhost, command, null, 0, reply);
    }

    /** Whether a command before it was refused: nobody waits for it then. */
    boolean dropped() {
        return asker != null && asker.refusedBefore(number);
    }

    void refuse(AmqpException error) {
        refuse(error, reply);
    }

    /** Refuses it to who hears in its place. */
    void refuse(AmqpException error, Consumer<Definitions.Result> hears) {
        if (asker != null) {
            asker.refused(number);
        }
        hears.accept(new Definitions.Result(error, null, false));
    }
}
