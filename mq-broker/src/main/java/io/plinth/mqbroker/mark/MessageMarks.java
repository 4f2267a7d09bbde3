package io.plinth.mqbroker.mark;

import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Headers that queues look at or write. */
public final class MessageMarks {
    private static final int LONGEST = 1024;

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

    /** Milliseconds a delayed exchange keeps it. */
    public static long delay(Content content) {
        Long delay = FieldTable.integer(
                ContentProperties.headers(content.properties()).get(Attributes.DELAY));
        return delay == null ? 0 : delay;
    }

    /** A delayed message whose time has come says so with its delay turned negative. */
    public static Content due(Content content) {
        return with(content, Attributes.DELAY, -delay(content));
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
