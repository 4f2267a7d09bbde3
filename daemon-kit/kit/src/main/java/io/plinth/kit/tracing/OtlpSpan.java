package io.plinth.kit.tracing;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** One span of an {@link OtlpRequest}: what it is first, its attributes then. Owned by the exporter's thread. */
public final class OtlpSpan {
    private static final int SERVER = 2;
    private static final int ERROR = 2;
    private static final int SAMPLED = 1;
    private static final HexFormat HEX = HexFormat.of();

    private final JsonGenerator json;
    private boolean failed;

    OtlpSpan(JsonGenerator json) {
        this.json = json;
    }

    /**
     * Whose span it is.
     *
     * @param trace 32 hexadecimal digits
     * @param parent 0 for none
     * @param state the tracestate that came with the parent, if any
     */
    public void ids(String trace, long id, long parent, @Nullable String state) throws IOException {
        json.writeStringField("traceId", trace);
        json.writeStringField("spanId", HEX.toHexDigits(id));
        if (parent != 0) {
            json.writeStringField("parentSpanId", HEX.toHexDigits(parent));
        }
        if (state != null) {
            json.writeStringField("traceState", state);
        }
        json.writeNumberField("flags", SAMPLED);
    }

    /** What was done and when, in nanoseconds of the epoch; attributes follow. */
    public void done(String name, long startNanos, long endNanos, boolean failed) throws IOException {
        this.failed = failed;
        json.writeStringField("name", name);
        json.writeNumberField("kind", SERVER);
        json.writeStringField("startTimeUnixNano", String.valueOf(startNanos));
        json.writeStringField("endTimeUnixNano", String.valueOf(endNanos));
        json.writeArrayFieldStart("attributes");
    }

    /** An attribute; none where there is no value. */
    public void text(String key, @Nullable String value) throws IOException {
        if (value != null && !value.isEmpty()) {
            attribute(json, key, "stringValue", value);
        }
    }

    public void number(String key, long value) throws IOException {
        attribute(json, key, "intValue", String.valueOf(value));
    }

    static void attribute(JsonGenerator json, String key, String type, String value) throws IOException {
        json.writeStartObject();
        json.writeStringField("key", key);
        json.writeObjectFieldStart("value");
        json.writeStringField(type, value);
        json.writeEndObject();
        json.writeEndObject();
    }

    void end() throws IOException {
        json.writeEndArray();
        if (failed) {
            json.writeObjectFieldStart("status");
            json.writeNumberField("code", ERROR);
            json.writeEndObject();
        }
        json.writeEndObject();
    }
}
