package io.plinth.dbproxy.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.dbproxy.usage.Latencies;
import io.plinth.dbproxy.usage.SlowLog;
import io.plinth.dbproxy.usage.StatementBook;
import io.plinth.kit.admin.AdminRoutes;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What statements cost, as JSON. Stateless. */
final class StatementPages {
    private static final JsonFactory JSON = new JsonFactory();
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};
    private static final int MOST = 500;

    private StatementPages() {}

    private record Line(StatementBook.Entry entry, Latencies.Reading reading) {}

    /** Every fingerprint, what took most time in all first. */
    static AdminRoutes.Response statements(Map<String, List<String>> query, StatementBook book) {
        List<String> wanted = query.getOrDefault("database", List.of());
        List<Line> lines = new ArrayList<>();
        for (StatementBook.Entry entry : book.entries()) {
            if (wanted.isEmpty() || wanted.contains(entry.database())) {
                lines.add(new Line(entry, entry.latencies().read(PERCENTILES)));
            }
        }
        lines.sort(Comparator.comparingDouble(line -> -line.reading.sumSeconds()));
        return page(out -> {
            for (Line line : lines.subList(0, Math.min(MOST, lines.size()))) {
                out.writeStartObject();
                out.writeStringField("database", line.entry.database());
                out.writeStringField("fingerprint", line.entry.fingerprint());
                out.writeStringField("statement", line.entry.text());
                out.writeNumberField("count", line.reading.count());
                out.writeNumberField("seconds", line.reading.sumSeconds());
                for (int i = 0; i < PERCENTILES.length; i++) {
                    double seconds = line.reading.seconds()[i];
                    out.writeNumberField(
                            "p" + String.valueOf(PERCENTILES[i]).replaceAll("\\.0?", ""),
                            Double.isNaN(seconds) ? 0 : seconds);
                }
                out.writeEndObject();
            }
        });
    }

    /** The last slow ones. */
    static AdminRoutes.Response slow(SlowLog log) {
        return page(out -> {
            for (SlowLog.Slow slow : log.last()) {
                out.writeStartObject();
                out.writeNumberField("micros", slow.micros());
                out.writeStringField("database", slow.database());
                out.writeStringField("user", slow.user());
                out.writeStringField("application", slow.application());
                out.writeStringField("server", slow.server());
                out.writeStringField("fingerprint", slow.fingerprint());
                out.writeStringField("trace", slow.trace());
                out.writeStringField("statement", slow.text());
                out.writeEndObject();
            }
        });
    }

    private interface Body {
        void write(JsonGenerator out) throws IOException;
    }

    private static AdminRoutes.Response page(Body body) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartArray();
            body.write(out);
            out.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return AdminRoutes.Response.json(200, text + "\n");
    }
}
