package io.plinth.geodns.wire;

import org.jspecify.annotations.Nullable;

/** What one message from a client turned out to be. */
public sealed interface Decoded {
    /** Nothing that may be answered: too short for a header, or itself a response. */
    record Ignored() implements Decoded {
        static final Ignored INSTANCE = new Ignored();
    }

    /**
     * Answered with an error and nothing else.
     *
     * @param flags the query's second 16 bits
     * @param question null where it could not be read
     * @param edns null where there was none or it could not be read
     */
    record Invalid(
            int id,
            int flags,
            ResponseCode reason,
            @Nullable Question question,
            @Nullable Edns edns) implements Decoded {}

    /**
     * A query for the answerer.
     *
     * @param flags the query's second 16 bits
     * @param edns null where there was none
     */
    record Query(
            int id, int flags, Question question, @Nullable Edns edns) implements Decoded {}
}
