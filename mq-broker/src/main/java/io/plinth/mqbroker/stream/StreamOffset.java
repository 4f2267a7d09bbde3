package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader of a stream begins, as {@code x-stream-offset} says it.
 *
 * @param value an offset, or milliseconds since the epoch or before now; else nothing
 */
public record StreamOffset(Kind kind, long value) {
    /** What it counts from. */
    public enum Kind {
        FIRST,
        LAST,
        NEXT,
        OFFSET,
        TIMESTAMP,
        INTERVAL
    }

    /** The argument; a consumer without one gets what comes from now on. */
    public static StreamOffset of(@Nullable Object argument) {
        Long number = FieldTable.integer(argument);
        if (number != null && number >= 0) {
            return new StreamOffset(Kind.OFFSET, number);
        }
        if (argument instanceof FieldTable.Timestamp at) {
            return new StreamOffset(Kind.TIMESTAMP, at.seconds() * 1000);
        }
        if (argument == null) {
            return new StreamOffset(Kind.NEXT, 0);
        }
        StreamOffset named = argument instanceof String text ? named(text) : null;
        if (named != null) {
            return named;
        }
        throw new AmqpException(
                ReplyCode.PRECONDITION_FAILED,
                "invalid arg 'x-stream-offset': " + argument
                        + " (expected: first, last, next, an offset, a timestamp or an interval such as 7D)");
    }

    private static @Nullable StreamOffset named(String text) {
        return switch (text) {
            case "first" -> new StreamOffset(Kind.FIRST, 0);
            case "last" -> new StreamOffset(Kind.LAST, 0);
            case "next" -> new StreamOffset(Kind.NEXT, 0);
            default -> {
                long interval = Ages.millis(text);
                yield interval < 0 ? null : new StreamOffset(Kind.INTERVAL, interval);
            }
        };
    }
}
