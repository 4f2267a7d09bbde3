package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.stream.Ages;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The x-arguments of a queue that are honoured, whatever type it was asked for as. Unknown ones are ignored, as RabbitMQ does, and so are
 * those that only place or tune a queue there.
 *
 * @param type what it was asked for as
 * @param ttl milliseconds a message may wait, -1 for ever
 * @param expires milliseconds the queue may be unused, -1 for ever
 * @param maxLength how many messages may be ready, -1 for any number
 * @param maxBytes how many octets of them, -1 for any number
 * @param overflow what a full queue does
 * @param maxPriority the highest priority, 0 for none
 * @param twoLevels whether there are a high and a normal priority alone, as in a quorum queue that asks for no others
 * @param singleActive whether one consumer at a time gets messages
 * @param deliveryLimit how often a message may come back, -1 for ever
 * @param retry when a message that came back is handed out again, null for at once
 * @param groups whether messages of one group are handed out one after the other
 * @param dedup which messages are dropped as seen before, null for none
 * @param delayedFor the exchange whose delayed messages it keeps, null for a queue of clients
 * @param stream how a stream is kept, null for a queue
 */
public record QueueArguments(
        Type type,
        long ttl,
        long expires,
        long maxLength,
        long maxBytes,
        Overflow overflow,
        @Nullable String deadLetterExchange,
        @Nullable String deadLetterRoutingKey,
        int maxPriority,
        boolean twoLevels,
        boolean singleActive,
        long deliveryLimit,
        @Nullable Retry retry,
        boolean groups,
        @Nullable Dedup dedup,
        @Nullable String delayedFor,
        @Nullable Stream stream) {
    /** What {@code x-queue-type} says; classic and quorum queues are the same one here. */
    public enum Type {
        CLASSIC,
        QUORUM,
        STREAM
    }

    /** What becomes of a message that does not fit. */
    public enum Overflow {
        DROP_HEAD("drop-head"),
        REJECT("reject-publish"),
        REJECT_DEAD_LETTER("reject-publish-dlx");

        private final String text;

        Overflow(String text) {
            this.text = text;
        }
    }

    /**
     * When a message that came back is handed out again.
     *
     * @param multiplier what each delay is of the one before; 0 for one {@code min} more each time
     */
    public record Retry(long min, long max, long multiplier) {
        /** The delay after the message came back so often. */
        public long delay(int count) {
            if (multiplier == 0) {
                return min > max / Math.max(1, count) ? max : min * count;
            }
            long delay = min;
            for (int i = 1; multiplier > 1 && i < count && delay < max; i++) {
                delay *= multiplier;
            }
            return Math.min(delay, max);
        }
    }

    /**
     * Which messages were seen before.
     *
     * @param ttl milliseconds a key is remembered, -1 for as long as there is room
     */
    public record Dedup(String header, int size, long ttl) {}

    /**
     * How much of a stream is kept.
     *
     * @param maxAge milliseconds, -1 for ever
     * @param segmentBytes how long a segment may be
     */
    public record Stream(long maxAge, long segmentBytes) {}

    /** The header that names a message's group. */
    public static final String GROUP_HEADER = "x-message-group";

    /** How long a delivery may wait for acknowledgement, in milliseconds; 0 for ever. */
    public static final String CONSUMER_TIMEOUT = "x-consumer-timeout";

    /** Compared when a queue is declared again. */
    public static final List<String> COMPARED = List.of(
            "x-message-ttl",
            "x-expires",
            "x-max-length",
            "x-max-length-bytes",
            "x-overflow",
            "x-dead-letter-exchange",
            "x-dead-letter-routing-key",
            "x-queue-type",
            "x-max-priority",
            "x-single-active-consumer",
            "x-delivery-limit",
            "x-delayed-retry-type",
            "x-delayed-retry-min",
            "x-delayed-retry-max",
            "x-delayed-retry-multiplier",
            "x-message-groups",
            "x-message-deduplication",
            "x-cache-size",
            "x-cache-ttl",
            "x-deduplication-header",
            CONSUMER_TIMEOUT,
            "x-max-age",
            "x-stream-max-segment-size-bytes");

    /** The longest time anything may be asked to last, as in RabbitMQ: ten years. */
    public static final long MAX_MILLIS = 315_360_000_000L;

    private static final int MAX_PRIORITY = 255;
    /** Of two levels; above it a message is of the high one. */
    private static final int HIGHEST_NORMAL = 4;

    private static final int MAX_REMEMBERED = 1_000_000;
    private static final int REMEMBERED = 10_000;
    private static final int QUORUM_DELIVERY_LIMIT = 20;
    private static final long STREAM_SEGMENT = 64 << 20;
    private static final long SMALLEST_SEGMENT = 64 << 10;
    private static final long LARGEST_SEGMENT = 1L << 30;
    private static final List<String> RETRY_TYPES = List.of("disabled", "all", "failed", "returned");
    /** A routing key is a short string wherever it is sent. */
    private static final int MAX_KEY = 255;

    /** Most queues have none; they share these. */
    private static final QueueArguments NONE = read(FieldTable.EMPTY);

    public static QueueArguments of(FieldTable table) {
        return of(table, "");
    }

    /** The same; {@code queue} is what an error calls it, where it is known. */
    public static QueueArguments of(FieldTable table, String queue) {
        try {
            return table.isEmpty() ? NONE : read(table);
        } catch (InvalidArgument e) {
            throw e.refusal(queue.isEmpty() ? "" : " for " + queue);
        }
    }

    private static QueueArguments read(FieldTable table) {
        Type type = type(table);
        String exchange = text(table, "x-dead-letter-exchange");
        String key = text(table, "x-dead-letter-routing-key");
        if (key != null && exchange == null) {
            throw refused("x-dead-letter-routing-key", table, "x-dead-letter-exchange beside it");
        }
        if (key != null && key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY) {
            throw refused("x-dead-letter-routing-key", table, "at most " + MAX_KEY + " octets");
        }
        long limit = number(table, "x-delivery-limit", -1, Integer.MAX_VALUE);
        number(table, CONSUMER_TIMEOUT, 0, MAX_MILLIS);
        boolean twoLevels = type == Type.QUORUM && !table.has("x-max-priority");
        boolean defaultLimit = type == Type.QUORUM && !table.has("x-delivery-limit");
        return new QueueArguments(
                type,
                number(table, "x-message-ttl", 0, MAX_MILLIS),
                number(table, "x-expires", 1, MAX_MILLIS),
                number(table, "x-max-length", 0, Long.MAX_VALUE),
                number(table, "x-max-length-bytes", 0, Long.MAX_VALUE),
                overflow(table),
                exchange,
                key,
                twoLevels ? 1 : (int) Math.max(0, number(table, "x-max-priority", 0, MAX_PRIORITY)),
                twoLevels,
                flag(table, "x-single-active-consumer"),
                defaultLimit ? QUORUM_DELIVERY_LIMIT : limit,
                retry(table),
                flag(table, "x-message-groups"),
                dedup(table),
                text(table, QueueRef.DELAYED_FOR),
                type == Type.STREAM ? stream(table) : null);
    }

    /** Whether deliveries say how often the message came back. */
    public boolean counts() {
        return type == Type.QUORUM || deliveryLimit >= 0 || retry != null;
    }

    /** The priority a message has in the queue that says it has this one. */
    public int priority(int said) {
        if (twoLevels) {
            return said > HIGHEST_NORMAL ? 1 : 0;
        }
        return Math.min(maxPriority, said);
    }

    private static Type type(FieldTable table) {
        String text = text(table, "x-queue-type");
        if (text == null) {
            return Type.CLASSIC;
        }
        for (Type type : Type.values()) {
            if (type.name().toLowerCase(Locale.ROOT).equals(text)) {
                return type;
            }
        }
        throw refused("x-queue-type", table, "classic, quorum or stream");
    }

    private static Overflow overflow(FieldTable table) {
        String text = text(table, "x-overflow");
        if (text == null) {
            return Overflow.DROP_HEAD;
        }
        for (Overflow overflow : Overflow.values()) {
            if (overflow.text.equals(text)) {
                return overflow;
            }
        }
        throw refused("x-overflow", table, "drop-head, reject-publish or reject-publish-dlx");
    }

    private static @Nullable Retry retry(FieldTable table) {
        String type = text(table, "x-delayed-retry-type");
        if (type != null && !RETRY_TYPES.contains(type)) {
            throw refused("x-delayed-retry-type", table, "one of " + RETRY_TYPES);
        }
        long min = number(table, "x-delayed-retry-min", 1, MAX_MILLIS);
        long max = number(table, "x-delayed-retry-max", 1, MAX_MILLIS);
        long multiplier = number(table, "x-delayed-retry-multiplier", 1, 1000);
        if ("disabled".equals(type) || (type == null && min < 0)) {
            return null;
        }
        return new Retry(min < 0 ? 1000 : min, max < 0 ? MAX_MILLIS : max, Math.max(0, multiplier));
    }

    private static @Nullable Dedup dedup(FieldTable table) {
        if (!flag(table, "x-message-deduplication")) {
            return null;
        }
        long size = number(table, "x-cache-size", 1, MAX_REMEMBERED);
        String header = text(table, "x-deduplication-header");
        return new Dedup(
                header == null ? "x-deduplication-header" : header,
                size < 0 ? REMEMBERED : (int) size,
                number(table, "x-cache-ttl", 1, MAX_MILLIS));
    }

    private static Stream stream(FieldTable table) {
        String age = text(table, "x-max-age");
        long maxAge = age == null ? -1 : Ages.millis(age);
        if (age != null && maxAge < 0) {
            throw refused("x-max-age", table, "a number and Y, M, D, h, m or s");
        }
        long segment = number(table, "x-stream-max-segment-size-bytes", SMALLEST_SEGMENT, LARGEST_SEGMENT * 3);
        return new Stream(maxAge, segment < 0 ? STREAM_SEGMENT : Math.min(segment, LARGEST_SEGMENT));
    }

    private static boolean flag(FieldTable table, String key) {
        if (table.has(key) && !(table.get(key) instanceof Boolean)) {
            throw refused(key, table, "true or false");
        }
        return table.isTrue(key);
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

    private static InvalidArgument refused(String key, FieldTable table, String expected) {
        return new InvalidArgument(key, table.get(key) + " (expected: " + expected + ")");
    }
}
