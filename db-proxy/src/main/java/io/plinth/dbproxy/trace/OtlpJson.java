package io.plinth.dbproxy.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.dbproxy.usage.LoopStatements;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Statements as an OTLP/HTTP request in JSON: ids in hex, 64-bit numbers as strings (OTLP specification, "JSON Protobuf
 * Encoding"); attributes as OpenTelemetry's conventions for databases name them. Texts go without their values.
 */
final class OtlpJson {
    private static final int SERVER = 2;
    private static final int ERROR = 2;
    private static final int SAMPLED = 1;
    private static final HexFormat HEX = HexFormat.of();

    private final JsonFactory factory = new JsonFactory();
    private final String node;

    OtlpJson(String node) {
        this.node = node;
    }

    byte[] encode(List<StatementSpan> spans) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512 * spans.size());
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            json.writeArrayFieldStart("resourceSpans");
            json.writeStartObject();
            json.writeObjectFieldStart("resource");
            json.writeArrayFieldStart("attributes");
            text(json, "service.name", node);
            text(json, "service.instance.id", node);
            json.writeEndArray();
            json.writeEndObject();
            json.writeArrayFieldStart("scopeSpans");
            json.writeStartObject();
            json.writeObjectFieldStart("scope");
            json.writeStringField("name", "io.plinth.dbproxy");
            json.writeEndObject();
            json.writeArrayFieldStart("spans");
            for (StatementSpan span : spans) {
                span(json, span);
            }
        }
        return out.toByteArray();
    }

    private static void span(JsonGenerator json, StatementSpan span) throws IOException {
        String text = span.sql().length == 0 ? "" : LoopStatements.text(span.sql());
        String operation = operation(text);
        json.writeStartObject();
        json.writeStringField("traceId", span.ids().traceId());
        json.writeStringField("spanId", HEX.toHexDigits(span.ids().spanId()));
        if (span.parent() != 0) {
            json.writeStringField("parentSpanId", HEX.toHexDigits(span.parent()));
        }
        json.writeNumberField("flags", SAMPLED);
        json.writeStringField("name", operation.isEmpty() ? span.database() : operation + " " + span.database());
        json.writeNumberField("kind", SERVER);
        json.writeStringField("startTimeUnixNano", String.valueOf(span.startNanos()));
        json.writeStringField("endTimeUnixNano", String.valueOf(span.endNanos()));
        json.writeArrayFieldStart("attributes");
        text(json, "db.system.name", "postgresql");
        text(json, "db.namespace", span.database());
        text(json, "db.operation.name", operation);
        text(json, "db.query.text", text);
        text(json, "plinth.user", span.user());
        text(json, "plinth.shard", span.shard());
        text(json, "plinth.server", span.server());
        json.writeEndArray();
        if (span.failed()) {
            json.writeObjectFieldStart("status");
            json.writeNumberField("code", ERROR);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    /** The statement's first word. */
    private static String operation(String text) {
        int end = 0;
        while (end < text.length() && Character.isLetter(text.charAt(end))) {
            end++;
        }
        return text.substring(0, end).toUpperCase(Locale.ROOT);
    }

    private static void text(JsonGenerator json, String key, String value) throws IOException {
        if (!value.isEmpty()) {
            json.writeStartObject();
            json.writeStringField("key", key);
            json.writeObjectFieldStart("value");
            json.writeStringField("stringValue", value);
            json.writeEndObject();
            json.writeEndObject();
        }
    }
}
