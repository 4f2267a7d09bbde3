package io.plinth.kit.tracing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/**
 * Spans as an OTLP/HTTP request in JSON: ids in hex, 64-bit numbers as strings (OTLP specification, "JSON Protobuf Encoding").
 * Immutable.
 *
 * @param <S> what a daemon tells of what it has done
 */
public final class OtlpRequest<S> {
    private static final int BYTES_EACH = 512;

    private final JsonFactory factory = new JsonFactory();
    private final String node;
    private final String scope;
    private final Content<S> content;

    /** What is said of a span. */
    @FunctionalInterface
    public interface Content<S> {
        void write(S span, OtlpSpan to) throws IOException;
    }

    /** Requests of a node; {@code scope} is the code that made the spans. */
    public OtlpRequest(String node, String scope, Content<S> content) {
        this.node = node;
        this.scope = scope;
        this.content = content;
    }

    /** One request. */
    public byte[] encode(List<S> spans) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(BYTES_EACH * spans.size());
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            array(json, "resourceSpans");
            json.writeObjectFieldStart("resource");
            json.writeArrayFieldStart("attributes");
            OtlpSpan.attribute(json, "service.name", "stringValue", node);
            OtlpSpan.attribute(json, "service.instance.id", "stringValue", node);
            json.writeEndArray();
            json.writeEndObject();
            array(json, "scopeSpans");
            json.writeObjectFieldStart("scope");
            json.writeStringField("name", scope);
            json.writeEndObject();
            json.writeArrayFieldStart("spans");
            for (S each : spans) {
                json.writeStartObject();
                OtlpSpan span = new OtlpSpan(json);
                content.write(each, span);
                span.end();
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
}
