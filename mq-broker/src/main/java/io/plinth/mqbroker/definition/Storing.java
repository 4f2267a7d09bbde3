package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by the definitions' loop. Whether definitions can be stored, and what waits until they can again. */
final class Storing {
    /** No shard's. */
    private static final int LOG_NUMBER = -1;

    private final Alarms alarms;
    private final List<Runnable> again = new ArrayList<>();
    private @Nullable IOException failure;

    Storing(Alarms alarms) {
        this.alarms = alarms;
    }

    void check() {
        if (failure != null) {
            throw refusal(failure);
        }
    }

    /** They cannot; returns what whoever waits is told. */
    AmqpException failed(IOException cause) {
        failure = cause;
        alarms.log(LOG_NUMBER, true);
        return refusal(cause);
    }

    private static AmqpException refusal(IOException cause) {
        return new AmqpException(ReplyCode.INTERNAL_ERROR, "definitions cannot be stored: " + cause.getMessage());
    }

    /** Has it done once they can be stored again, where they cannot. */
    void again(Runnable work) {
        if (failure != null) {
            again.add(work);
        }
    }

    void recovered() {
        failure = null;
        alarms.log(LOG_NUMBER, false);
        List<Runnable> works = List.copyOf(again);
        again.clear();
        works.forEach(Runnable::run);
    }
}
