package io.plinth.mqbroker.mark;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Headers that queues look at or write. */
public final class MessageMarks {
    private static final int LONGEST = 1024;
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,18}");

    private MessageMarks() {}

    /** A header as text, or null where it is absent. */
    public static @Nullable String text(Content content, String header) {
        if (!ContentProperties.mayHaveHeader(content.properties(), header)) {
            return null;
        }
        Object value = ContentProperties.headers(content.properties()).get(header);
        return value == null ? null : shortened(String.valueOf(value));
    }

    /** A header that is a string, whole; null where there is none, or another value. */
    public static @Nullable String string(Content content, String header) {
        return ContentProperties.mayHaveHeader(content.properties(), header)
                        && ContentProperties.headers(content.properties()).get(header) instanceof String text
                ? text
                : null;
    }

    /** A long text stands in every record and in memory for as long as its message: its digest does as well. */
    private static String shortened(String text) {
        if (text.length() <= LONGEST) {
            return text;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every Java", e);
        }
    }

    /** Milliseconds a delayed exchange keeps it: a whole number, also one in a text, or a fraction without what is behind its point. */
    public static long delay(Content content) {
        if (!ContentProperties.mayHaveHeader(content.properties(), Attributes.DELAY)) {
            return 0;
        }
        Object value = ContentProperties.headers(content.properties()).get(Attributes.DELAY);
        Long whole = FieldTable.integer(value);
        long delay = switch (value) {
            case Float fraction -> fraction.longValue();
            case Double fraction -> fraction.longValue();
            case String text when NUMBER.matcher(text).matches() -> Long.parseLong(text);
            case null, default -> whole == null ? 0 : whole;
        };
        return Math.clamp(delay, 0, QueueArguments.MAX_MILLIS);
    }

    /** A delayed message whose time has come says so with its delay turned negative; one that was not delayed is as it was. */
    public static Content due(Content content) {
        long delay = delay(content);
        if (delay == 0) {
            return content;
        }
        return with(content, Attributes.DELAY, delay <= Integer.MAX_VALUE ? (Object) (int) -delay : (Object) (-delay));
    }

    /** The message with one header set. */
    public static Content with(Content content, String header, Object value) {
        FieldTable headers = ContentProperties.headers(content.properties());
        return content.with(ContentProperties.withHeaders(content.properties(), headers.with(header, value)));
    }

    /** The message without a header. */
    public static Content without(Content content, String header) {
        if (!ContentProperties.mayHaveHeader(content.properties(), header)) {
            return content;
        }
        FieldTable headers = ContentProperties.headers(content.properties());
        return content.with(ContentProperties.withHeaders(content.properties(), headers.without(header)));
    }
}
