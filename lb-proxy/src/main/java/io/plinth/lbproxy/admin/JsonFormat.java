package io.plinth.lbproxy.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One JSON object a line. Owned by one event loop. */
final class JsonFormat implements AccessFormat {
    private final JsonFactory factory = new JsonFactory();

    @Override
    public void write(AccessEntry entry, long millis, LogLines out) {
        try (JsonGenerator json = factory.createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("time", Instant.ofEpochMilli(millis).toString());
            json.writeStringField("client", entry.client());
            RequestHead head = entry.request();
            if (entry.requestLineRead()) {
                json.writeStringField("method", head.text(head.methodStart(), head.methodEnd()));
                json.writeStringField("target", head.text(head.target(), head.targetEnd()));
                json.writeStringField("protocol", head.http2() ? "HTTP/2.0" : head.http10() ? "HTTP/1.0" : "HTTP/1.1");
            }
            header(json, "host", head, HeaderName.HOST);
            json.writeNumberField("status", entry.status());
            json.writeNumberField("bytes", entry.bodyBytes());
            text(json, "route", entry.route());
            text(json, "pool", entry.pool());
            text(json, "server", entry.server());
            json.writeNumberField("attempts", entry.attempts());
            json.writeNumberField("micros", entry.micros());
            json.writeNumberField("server_micros", entry.serverMicros());
            header(json, "referer", head, HeaderName.REFERER);
            header(json, "user_agent", head, HeaderName.USER_AGENT);
            header(json, "traceparent", head, HeaderName.TRACEPARENT);
            json.writeEndObject();
            json.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("a line in memory cannot fail", e);
        }
    }

    private static void header(JsonGenerator json, String name, RequestHead head, int id) throws IOException {
        if (head.has(id)) {
            json.writeStringField(name, head.value(head.first(id)));
        }
    }

    private static void text(JsonGenerator json, String name, @Nullable String value) throws IOException {
        if (value != null) {
            json.writeStringField(name, value);
        }
    }
}
