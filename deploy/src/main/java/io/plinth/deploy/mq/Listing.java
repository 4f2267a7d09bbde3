package io.plinth.deploy.mq;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What can be listed, which columns of it are shown, and how they are read from the API's JSON. */
enum Listing {
    USERS("name", "tags"),
    VHOSTS("name"),
    PERMISSIONS("vhost", "user", "configure", "write", "read"),
    TOPIC_PERMISSIONS("vhost", "user", "exchange", "write", "read"),
    POLICIES("vhost", "name", "pattern", "apply-to", "priority", "definition"),
    OPERATOR_POLICIES("vhost", "name", "pattern", "apply-to", "priority", "definition"),
    VHOST_LIMITS("vhost", "value"),
    USER_LIMITS("user", "value"),
    PARAMETERS("vhost", "component", "name", "value"),
    QUEUES("vhost", "name", "type", "messages", "messages_ready", "messages_unacknowledged", "consumers", "policy"),
    EXCHANGES("vhost", "name", "type", "durable", "auto_delete"),
    BINDINGS("vhost", "source", "destination_type", "destination", "routing_key"),
    CONNECTIONS("name", "user", "vhost", "state", "channels"),
    CHANNELS("name", "user", "vhost", "consumer_count", "messages_unacknowledged"),
    CONSUMERS("consumer_tag", "queue.name", "ack_required", "prefetch_count");

    private final String columns;

    Listing(String... columns) {
        this.columns = String.join(" ", columns);
    }

    /** What they are called in the table. */
    List<String> columns() {
        return List.of(columns.split(" ", -1));
    }

    /** The field with the virtual host; null where there is none. */
    @Nullable
    String ofVhost() {
        return switch (this) {
            case USERS, USER_LIMITS -> null;
            case VHOSTS -> "name";
            case CONSUMERS -> "queue.vhost";
            default -> "vhost";
        };
    }

    /** Below {@code /api}. */
    String path() {
        return "/" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The columns' values, a list for each row; what a row does not have is empty. */
    List<List<String>> rows(String json) throws IOException {
        return rows(json, columns());
    }

    /** The columns' values of an array of objects. */
    static List<List<String>> rows(String json, List<String> columns) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw new IOException("answer: " + parser.currentToken() + " (expected: a JSON array)");
            }
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                Map<String, String> fields = new LinkedHashMap<>();
                object(parser, "", fields);
                rows.add(columns.stream()
                        .map(column -> fields.getOrDefault(column, ""))
                        .toList());
            }
        }
        return rows;
    }

    /** Nested fields are named with a dot; an object or a list is also kept whole, in short. */
    private static String object(JsonParser parser, String prefix, Map<String, String> into) throws IOException {
        StringBuilder whole = new StringBuilder();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            String value = value(parser, prefix + name + ".", into);
            into.put(prefix + name, value);
            whole.append(whole.isEmpty() ? "" : " ").append(name).append('=').append(value);
        }
        return whole.toString();
    }

    private static String value(JsonParser parser, String prefix, Map<String, String> into) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser, prefix, into);
            case START_ARRAY -> {
                List<String> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(value(parser, prefix, into));
                }
                yield String.join(",", items);
            }
            case VALUE_NULL -> "";
            default -> parser.getText();
        };
    }
}
