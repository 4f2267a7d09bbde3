package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The x-arguments of a queue that are honoured. Unknown ones are ignored, as RabbitMQ does; known ones that are not built are refused, so
 * that nobody relies on them.
 *
 * @param ttl milliseconds a message may wait, -1 for ever
 * @param expires milliseconds the queue may be unused, -1 for ever
 * @param maxLength how many messages may be ready, -1 for any number
 * @param maxBytes how many octets of them, -1 for any number
 * @param rejectPublish whether a full queue refuses, rather than dropping its head
 */
public record QueueArguments(
        long ttl,
        long expires,
        long maxLength,
        long maxBytes,
        boolean rejectPublish,
        @Nullable String deadLetterExchange,
        @Nullable String deadLetterRoutingKey) {
    /** Compared when a queue is declared again. */
    public static final List<String> COMPARED = List.of(
            "x-message-ttl",
            "x-expires",
            "x-max-length",
            "x-max-length-bytes",
            "x-overflow",
            "x-dead-letter-exchange",
            "x-dead-letter-routing-key",
            "x-queue-type");

    private static final Set<String> UNSUPPORTED = Set.of(
            "x-max-priority",
            "x-single-active-consumer",
            "x-delivery-limit",
            "x-max-in-memory-length",
            "x-max-in-memory-bytes",
            "x-max-age",
            "x-stream-max-segment-size-bytes",
            "x-dead-letter-strategy",
            "x-quorum-initial-group-size");
    private static final long MAX_MILLIS = 0xFFFF_FFFFL;
    /** A routing key is a short string wherever it is sent. */
    private static final int MAX_KEY = 255;

    public static QueueArguments of(FieldTable table) {
        for (String key : table.entries().keySet()) {
            if (UNSUPPORTED.contains(key)) {
                throw refused(key, table, "leave it out; it is not supported yet");
            }
        }
        String type = text(table, "x-queue-type");
        if (type != null && !type.equals("classic")) {
            throw refused("x-queue-type", table, "classic; other queue types are not supported yet");
        }
        String overflow = text(table, "x-overflow");
        if (overflow != null && !overflow.equals("drop-head") && !overflow.equals("reject-publish")) {
            throw refused("x-overflow", table, "drop-head or reject-publish");
        }
        String exchange = text(table, "x-dead-letter-exchange");
        String key = text(table, "x-dead-letter-routing-key");
        if (key != null && exchange == null) {
            throw refused("x-dead-letter-routing-key", table, "x-dead-letter-exchange beside it");
        }
        if (key != null && key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY) {
            throw refused("x-dead-letter-routing-key", table, "at most " + MAX_KEY + " octets");
        }
        return new QueueArguments(
                number(table, "x-message-ttl", 0, MAX_MILLIS),
                number(table, "x-expires", 1, MAX_MILLIS),
                number(table, "x-max-length", 0, Long.MAX_VALUE),
                number(table, "x-max-length-bytes", 0, Long.MAX_VALUE),
                "reject-publish".equals(overflow),
                exchange,
                key);
    }

    private static @Nullable String text(FieldTable table, String key) {
        if (table.has(key) && table.string(key) == null) {
            throw refused(key, table, "a string");
        }
        return table.string(key);
    }

    private static long number(FieldTable table, String key, long min, long max) {
        if (!table.has(key)) {
            return -1;
        }
        Long value = FieldTable.integer(table.get(key));
        if (value == null || value < min || value > max) {
            throw refused(key, table, "a whole number from " + min + " to " + max);
        }
        return value;
    }

    private static AmqpException refused(String key, FieldTable table, String expected) {
        return new AmqpException(
                ReplyCode.PRECONDITION_FAILED,
                "invalid arg '" + key + "': " + table.get(key) + " (expected: " + expected + ")");
    }
}
