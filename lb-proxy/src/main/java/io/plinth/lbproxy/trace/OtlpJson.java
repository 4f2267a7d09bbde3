package io.plinth.lbproxy.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Spans as an OTLP/HTTP request in JSON: ids in hex, 64-bit numbers as strings (OTLP specification, "JSON Protobuf Encoding"). */
public final class OtlpJson {
    private static final int SERVER = 2;
    private static final int ERROR = 2;
    private static final int SAMPLED = 1;
    private static final HexFormat HEX = HexFormat.of();

    private final JsonFactory factory = new JsonFactory();
    private final String service;
    private final String node;

    public OtlpJson(String service, String node) {
        this.service = service;
        this.node = node;
    }

    public byte[] encode(List<Span> spans) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512 * spans.size());
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            array(json, "resourceSpans");
            json.writeObjectFieldStart("resource");
            json.writeArrayFieldStart("attributes");
            text(json, "service.name", service);
            text(json, "service.instance.id", node);
            json.writeEndArray();
            json.writeEndObject();
            array(json, "scopeSpans");
            json.writeObjectFieldStart("scope");
            json.writeStringField("name", "io.plinth.lbproxy");
            json.writeEndObject();
            json.writeArrayFieldStart("spans");
            for (Span span : spans) {
                span(json, span);
            }
            json.writeEndArray();
            for (int i = 0; i < 2; i++) {
                json.writeEndObject();
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        return out.toByteArray();
    }

    private static void array(JsonGenerator json, String name) throws IOException {
        json.writeArrayFieldStart(name);
        json.writeStartObject();
    }

    private static void span(JsonGenerator json, Span span) throws IOException {
        Span.Ids ids = span.ids();
        json.writeStartObject();
        json.writeStringField("traceId", HEX.toHexDigits(ids.traceHigh()) + HEX.toHexDigits(ids.traceLow()));
        json.writeStringField("spanId", HEX.toHexDigits(ids.id()));
        if (ids.parent() != 0) {
            json.writeStringField("parentSpanId", HEX.toHexDigits(ids.parent()));
        }
        if (span.state() != null) {
            json.writeStringField("traceState", span.state());
        }
        json.writeNumberField("flags", SAMPLED);
        json.writeStringField("name", span.route() == null ? span.method() : span.method() + " " + span.route());
        json.writeNumberField("kind", SERVER);
        json.writeStringField("startTimeUnixNano", String.valueOf(span.startNanos()));
        json.writeStringField("endTimeUnixNano", String.valueOf(span.endNanos()));
        json.writeArrayFieldStart("attributes");
        text(json, "http.request.method", span.method());
        text(json, "url.path", span.path());
        text(json, "url.scheme", span.scheme());
        text(json, "server.address", span.host());
        text(json, "client.address", span.client());
        text(json, "http.route", span.route());
        text(json, "plinth.pool", span.pool());
        text(json, "plinth.server", span.server());
        number(json, "plinth.attempts", span.attempts());
        number(json, "http.response.status_code", span.status());
        json.writeEndArray();
        if (span.status() >= 500) {
            json.writeObjectFieldStart("status");
            json.writeNumberField("code", ERROR);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String key, @Nullable String value) throws IOException {
        if (value != null) {
            attribute(json, key, "stringValue", value);
        }
    }

    private static void number(JsonGenerator json, String key, int value) throws IOException {
        attribute(json, key, "intValue", String.valueOf(value));
    }

    private static void attribute(JsonGenerator json, String key, String type, String value) throws IOException {
        json.writeStartObject();
        json.writeStringField("key", key);
        json.writeObjectFieldStart("value");
        json.writeStringField(type, value);
        json.writeEndObject();
        json.writeEndObject();
    }
}
