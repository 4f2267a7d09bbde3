package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Owned by the definitions' loop, but for {@link #check}. Whether definitions can be stored, and what is to be stored once they can again. */
final class Storing {
    /**
     * A deletion that has happened and is not stored.
     *
     * @param stored runs once it is, or never will be
     */
    record Owed(Effect.OnDefinitions effect, Runnable stored) {}

    private final Alarms alarms;
    private final Deque<Owed> owed = new ArrayDeque<>();
    private volatile @Nullable IOException failure;
    private boolean lost;

    Storing(Alarms alarms) {
        this.alarms = alarms;
    }

    /** Refuses what cannot be stored now; from any thread. */
    void check() {
        IOException cause = failure;
        if (cause != null) {
            throw refusal(cause);
        }
    }

    boolean fails() {
        return failure != null;
    }

    /** They cannot; returns what whoever waits is told. */
    AmqpException failed(IOException cause) {
        failure = cause;
        alarms.log(Alarms.DEFINITIONS, true);
        return refusal(cause);
    }

    private static AmqpException refusal(IOException cause) {
        return new AmqpException(ReplyCode.INTERNAL_ERROR, "definitions cannot be stored: " + cause.getMessage());
    }

    /** Has a deletion stored before any other change. */
    void owe(Owed deletion) {
        if (lost) {
            deletion.stored().run();
        } else {
            owed.addLast(deletion);
        }
    }

    /** What is to be stored now, before any other change; null where that is nothing. */
    @Nullable
    Owed next() {
        return failure == null ? owed.pollFirst() : null;
    }

    void recovered() {
        failure = null;
        alarms.log(Alarms.DEFINITIONS, false);
    }

    /** Nothing is stored until a restart, and what was deleted is there again then. */
    void lost() {
        lost = true;
        for (Owed deletion = owed.pollFirst(); deletion != null; deletion = owed.pollFirst()) {
            deletion.stored().run();
        }
    }
}
