package io.plinth.mqbroker.mark;

import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The x-death header: how often a message left which queue why, the latest first, as RabbitMQ writes it. */
public final class DeathRecord {
    /** Why a message is dead-lettered. */
    public enum Reason {
        REJECTED("rejected"),
        EXPIRED("expired"),
        MAXLEN("maxlen"),
        DELIVERY_LIMIT("delivery_limit"),
        /** Not dead at all: the time of a delayed message has come. */
        DUE("");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private static final String HEADER = "x-death";

    private DeathRecord() {}

    /** The content with one death more, without its expiration, under the new routing key. */
    public static Content add(
            Content content, String exchange, String routingKey, String queue, Reason reason, long now) {
        FieldTable headers = ContentProperties.headers(content.properties());
        List<@Nullable Object> deaths = new ArrayList<>();
        FieldTable own = null;
        if (headers.get(HEADER) instanceof List<?> before) {
            for (Object death : before) {
                if (own == null && death instanceof FieldTable table && matches(table, queue, reason)) {
                    Long seen = FieldTable.integer(table.get("count"));
                    own = table.with("count", seen == null ? 1L : seen + 1);
                } else {
                    deaths.add(death);
                }
            }
        }
        deaths.addFirst(own == null ? death(content, queue, reason, now) : own);
        if (!headers.has("x-first-death-queue")) {
            headers = headers.with("x-first-death-reason", reason.text)
                    .with("x-first-death-queue", queue)
                    .with("x-first-death-exchange", content.exchange());
        }
        headers = headers.with("x-last-death-reason", reason.text)
                .with("x-last-death-queue", queue)
                .with("x-last-death-exchange", content.exchange())
                .with(HEADER, deaths);
        return new Content(
                exchange, routingKey, ContentProperties.deadLettered(content.properties(), headers), content.body());
    }

    private static boolean matches(FieldTable death, String queue, Reason reason) {
        return queue.equals(death.get("queue")) && reason.text.equals(death.get("reason"));
    }

    private static FieldTable death(Content content, String queue, Reason reason, long now) {
        Map<String, @Nullable Object> death = new LinkedHashMap<>();
        death.put("count", 1L);
        death.put("reason", reason.text);
        death.put("queue", queue);
        death.put("time", new FieldTable.Timestamp(now / 1000));
        death.put("exchange", content.exchange());
        List<@Nullable Object> keys = new ArrayList<>();
        keys.add(content.routingKey());
        if (ContentProperties.headers(content.properties()).get(Attributes.COPIES) instanceof List<?> copies) {
            keys.addAll(copies);
        }
        death.put("routing-keys", keys);
        String expiration = ContentProperties.text(content.properties(), ContentProperties.Field.EXPIRATION);
        if (expiration != null) {
            death.put("original-expiration", expiration);
        }
        return new FieldTable(death);
    }

    /** Whether the message has been in the queue before and nobody rejected it since: an automatic cycle, which ends here. */
    public static boolean cycle(Content dead, String queue) {
        if (!(ContentProperties.headers(dead.properties()).get(HEADER) instanceof List<?> deaths)) {
            return false;
        }
        for (Object death : deaths) {
            if (death instanceof FieldTable table) {
                if (Reason.REJECTED.text.equals(table.get("reason"))) {
                    return false;
                }
                if (queue.equals(table.get("queue"))) {
                    return true;
                }
            }
        }
        return false;
    }
}
