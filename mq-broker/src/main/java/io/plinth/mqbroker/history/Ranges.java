package io.plinth.mqbroker.history;

import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which samples a request asks for, by the parameters RabbitMQ has for them.
 *
 * @param rates of messages, {@code msg_rates_age} and {@code msg_rates_incr}
 * @param lengths of queues, {@code lengths_age} and {@code lengths_incr}
 * @param octets of connections, {@code data_rates_age} and {@code data_rates_incr}
 * @param node of the node itself, {@code node_stats_age} and {@code node_stats_incr}
 */
public record Ranges(
        @Nullable Range rates,
        @Nullable Range lengths,
        @Nullable Range octets,
        @Nullable Range node) {
    private static final Ranges NONE = new Ranges(null, null, null, null);
    private static final long MILLIS = 1000;
    private static final long MOST_SECONDS = 86_400;
    private static final Set<String> LENGTHS = Set.of("messages", "messages_ready", "messages_unacknowledged");
    private static final Set<String> OCTETS = Set.of("recv_oct", "send_oct");

    /** How far back and in what steps, both in milliseconds. */
    public record Range(long age, long step) {}

    /**
     * Those of a request.
     *
     * @throws IllegalArgumentException where one is no number of seconds
     */
    public static Ranges of(Function<String, @Nullable String> parameter) {
        Range rates = range(parameter, "msg_rates");
        Range lengths = range(parameter, "lengths");
        Range octets = range(parameter, "data_rates");
        Range node = range(parameter, "node_stats");
        Ranges asked = new Ranges(rates, lengths, octets, node);
        return asked.none() ? NONE : asked;
    }

    private static @Nullable Range range(Function<String, @Nullable String> parameter, String what) {
        String age = parameter.apply(what + "_age");
        String step = parameter.apply(what + "_incr");
        return age == null || step == null
                ? null
                : new Range(seconds(what + "_age", age) * MILLIS, seconds(what + "_incr", step) * MILLIS);
    }

    private static long seconds(String what, String text) {
        long seconds;
        try {
            seconds = Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(what + ": " + text + " (expected: seconds)", e);
        }
        if (seconds < 1 || seconds > MOST_SECONDS) {
            throw new IllegalArgumentException(what + ": " + text + " (expected: 1 to " + MOST_SECONDS + " seconds)");
        }
        return seconds;
    }

    public boolean none() {
        return equals(NONE);
    }

    /** The one that a number belongs to, or null where its samples are not asked for. */
    @Nullable
    Range of(String name) {
        return LENGTHS.contains(name) ? lengths : OCTETS.contains(name) ? octets : rates;
    }
}
