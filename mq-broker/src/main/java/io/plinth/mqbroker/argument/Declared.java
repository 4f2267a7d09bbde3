package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.List;
import java.util.Map;

/**
 * What is looked at when a queue is declared, and not when it is found again at a start: arguments that place or tune a queue in RabbitMQ,
 * whose values are refused as there, and what a stream cannot do.
 */
public final class Declared {
    /** Values of arguments that mean nothing here. */
    private static final Map<String, List<String>> TEXTS = Map.of(
            "x-queue-mode", List.of("default", "lazy"),
            "x-dead-letter-strategy", List.of("at-most-once", "at-least-once"),
            "x-queue-leader-locator", List.of("client-local", "balanced", "random", "least-leaders"),
            "x-queue-master-locator", List.of("client-local", "min-masters", "random"));

    private static final List<String> NOT_OF_STREAMS = List.of(
            "x-message-ttl",
            "x-expires",
            "x-max-length",
            "x-overflow",
            "x-dead-letter-exchange",
            "x-dead-letter-routing-key",
            "x-dead-letter-strategy",
            "x-max-priority",
            "x-single-active-consumer",
            "x-delivery-limit",
            "x-queue-mode",
            "x-delayed-retry-type",
            "x-delayed-retry-min",
            "x-message-groups",
            "x-message-deduplication");

    private Declared() {}

    /** Refuses what RabbitMQ refuses; {@code queue} is what messages call it. */
    public static void check(FieldTable table, QueueArguments.Type type, String queue) {
        TEXTS.forEach((key, values) -> {
            if (table.has(key) && !values.contains(String.valueOf(table.string(key)))) {
                throw refused(key, queue, table.get(key) + " (expected: one of " + values + ")");
            }
        });
        Long version = FieldTable.integer(table.get("x-queue-version"));
        if (table.has("x-queue-version") && (version == null || version < 1 || version > 2)) {
            throw refused("x-queue-version", queue, table.get("x-queue-version") + " (expected: 1 or 2)");
        }
        if (type == QueueArguments.Type.STREAM) {
            for (String key : NOT_OF_STREAMS) {
                if (table.has(key)) {
                    throw new AmqpException(
                            ReplyCode.PRECONDITION_FAILED,
                            "invalid arg '" + key + "' for " + queue + " of queue type rabbit_stream_queue");
                }
            }
        }
    }

    private static AmqpException refused(String key, String queue, String why) {
        return new AmqpException(ReplyCode.PRECONDITION_FAILED, "invalid arg '" + key + "' for " + queue + ": " + why);
    }
}
