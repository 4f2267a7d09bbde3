package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.management.survey.Snapshot;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One number that each thing of a kind has.
 *
 * @param name without {@code rabbitmq_}; that of a counter ends in {@code _total}, that of labels alone in {@code _info}
 * @param whole the number of all of them together; null where it is their sum
 */
record Family<T>(
        String name,
        String help,
        ToDoubleFunction<T> value,
        @Nullable ToDoubleFunction<Snapshot> whole) {
    private static final String TOTAL = "_total";
    private static final String INFO = "_info";

    /** Of all of them it is the sum. */
    static <T> Family<T> of(String name, String help, ToDoubleFunction<T> value) {
        return new Family<>(name, help, value, null);
    }

    boolean counter() {
        return name.endsWith(TOTAL);
    }

    /** Whether only its labels tell something. */
    boolean info() {
        return name.endsWith(INFO);
    }

    /** The name as the client library wants it, which adds the ends of counters and infos itself. */
    String bare() {
        String end = counter() ? TOTAL : info() ? INFO : "";
        return name.substring(0, name.length() - end.length());
    }
}
