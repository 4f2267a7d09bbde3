package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which messages a reader of a stream gets: those whose {@code x-stream-filter-value} is one of its {@code x-stream-filter}. RabbitMQ leaves
 * out whole chunks and has the reader look again; here it gets no others.
 *
 * @param values empty for all messages
 * @param unfiltered whether those without a value are among them
 */
public record StreamFilter(Set<String> values, boolean unfiltered) {
    public static final StreamFilter ALL = new StreamFilter(Set.of(), true);

    private static final String VALUE = "x-stream-filter-value";

    public StreamFilter {
        values = Set.copyOf(values);
    }

    /** As a consumer's arguments say. */
    public static StreamFilter of(FieldTable arguments) {
        Object filter = arguments.get("x-stream-filter");
        if (filter == null) {
            return ALL;
        }
        if (filter instanceof List<?> several && several.isEmpty()) {
            throw refused(filter);
        }
        Set<String> values = new HashSet<>();
        for (Object value : filter instanceof List<?> several ? several : List.of(filter)) {
            if (!(value instanceof String text)) {
                throw refused(filter);
            }
            values.add(text);
        }
        return new StreamFilter(values, Boolean.TRUE.equals(arguments.get("x-stream-match-unfiltered")));
    }

    private static AmqpException refused(Object filter) {
        return new AmqpException(
                ReplyCode.PRECONDITION_FAILED,
                "invalid arg 'x-stream-filter': " + filter + " (expected: a string, or an array of strings)");
    }

    boolean accepts(Content content) {
        if (values.isEmpty()) {
            return true;
        }
        String value = MessageMarks.string(content, VALUE);
        return value == null ? unfiltered : values.contains(value);
    }
}
