package io.plinth.mqbroker.management;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.SegmentReport;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * {@code GET /explain/segment?shard=3} on the admin server: why each segment of a shard's log is there; with {@code &segment=12}, of that
 * one and with the message that holds it, its oldest.
 */
public final class SegmentRoute {
    /** Queues that are named per segment. */
    private static final int MOST_QUEUES = 100;

    /** Who knows. */
    public interface Segments {
        int shards();

        CompletableFuture<List<SegmentReport>> of(int shard);

        CompletableFuture<SegmentReport> withOldest(SegmentReport report);
    }

    private final Vhosts vhosts;
    private final Segments segments;
    private final JsonFactory json = new JsonFactory();

    public SegmentRoute(Vhosts vhosts, Segments segments) {
        this.vhosts = vhosts;
        this.segments = segments;
    }

    public void register(AdminRoutes routes) {
        routes.route("GET", "/explain/segment", this::explain);
    }

    private CompletableFuture<AdminRoutes.Response> explain(AdminRoutes.Request request) {
        int shard = number(request, "shard");
        if (shard < 0 || shard >= segments.shards()) {
            return CompletableFuture.completedFuture(
                    problem("shard: a number from 0 to " + (segments.shards() - 1) + " is expected"));
        }
        int segment = number(request, "segment");
        return segments.of(shard).thenCompose(all -> {
            if (segment < 0) {
                return CompletableFuture.completedFuture(write(all));
            }
            return all.stream()
                    .filter(report -> report.segment() == segment)
                    .findFirst()
                    .map(report -> segments.withOldest(report).thenApply(found -> write(List.of(found))))
                    .orElseGet(() -> CompletableFuture.completedFuture(problem("segment: " + segment
                            + " (expected: one of "
                            + all.stream().map(SegmentReport::segment).toList() + ")")));
        });
    }

    private static int number(AdminRoutes.Request request, String name) {
        List<String> values = request.query().getOrDefault(name, List.of());
        try {
            return values.isEmpty() ? -1 : Integer.parseInt(values.getFirst());
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private interface Body {
        void write(JsonGenerator out) throws IOException;
    }

    private AdminRoutes.Response answer(int status, Body content) {
        StringWriter body = new StringWriter();
        try (JsonGenerator out = json.createGenerator(body)) {
            out.writeStartObject();
            content.write(out);
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return AdminRoutes.Response.json(status, body.toString());
    }

    private AdminRoutes.Response problem(String text) {
        return answer(404, out -> out.writeStringField("error", text));
    }

    private AdminRoutes.Response write(List<SegmentReport> reports) {
        Map<Long, QueueRef> names = new HashMap<>();
        for (Topology topology : vhosts.all()) {
            topology.queues().forEach(queue -> names.put(queue.id(), queue));
        }
        return answer(200, out -> {
            out.writeArrayFieldStart("segments");
            for (SegmentReport report : reports) {
                write(out, report, names);
            }
            out.writeEndArray();
        });
    }

    private static void write(JsonGenerator out, SegmentReport report, Map<Long, QueueRef> names) throws IOException {
        out.writeStartObject();
        out.writeNumberField("shard", report.shard());
        out.writeNumberField("segment", report.segment());
        out.writeNumberField("bytes", report.bytes());
        out.writeStringField("why", why(report));
        long count = report.live().values().stream().mapToLong(Holding::count).sum();
        out.writeNumberField("live_messages", count);
        out.writeNumberField(
                "live_bytes",
                report.live().values().stream().mapToLong(Holding::bytes).sum());
        SegmentReport.Oldest oldest = report.oldest();
        if (oldest != null) {
            out.writeObjectFieldStart("oldest");
            name(out, names.get(oldest.queueId()));
            out.writeNumberField("message", oldest.id());
            out.writeEndObject();
        }
        out.writeArrayFieldStart("queues");
        List<Map.Entry<Long, Holding>> largest = report.live().entrySet().stream()
                .sorted((a, b) ->
                        Long.compare(b.getValue().count(), a.getValue().count()))
                .limit(MOST_QUEUES)
                .toList();
        for (Map.Entry<Long, Holding> entry : largest) {
            out.writeStartObject();
            name(out, names.get(entry.getKey()));
            out.writeNumberField("messages", entry.getValue().count());
            out.writeNumberField("bytes", entry.getValue().bytes());
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void name(JsonGenerator out, @org.jspecify.annotations.Nullable QueueRef queue) throws IOException {
        if (queue != null) {
            out.writeStringField("vhost", queue.vhost());
            out.writeStringField("queue", queue.name());
        }
    }

    private static String why(SegmentReport report) {
        if (report.current()) {
            return "it is being written";
        }
        if (!report.live().isEmpty()) {
            return "messages in it are not settled";
        }
        return report.behindOlder()
                ? "an older segment is there: they go oldest first"
                : report.last() ? "the last one stays, so that numbers count on" : "it goes with the next look";
    }
}
