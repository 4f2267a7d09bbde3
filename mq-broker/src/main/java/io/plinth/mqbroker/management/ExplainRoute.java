package io.plinth.mqbroker.management;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.Explanation;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.http.Json;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /explain/publish?vhost=/&exchange=..&key=..} on the admin server: which queues a message would reach and through which
 * bindings. {@code header.NAME=VALUE} gives it a header.
 */
public final class ExplainRoute {
    private static final String HEADER = "header.";

    private final Vhosts vhosts;
    private final JsonFactory json = new JsonFactory();

    public ExplainRoute(Vhosts vhosts) {
        this.vhosts = vhosts;
    }

    public void register(AdminRoutes routes) {
        routes.route("GET", "/explain/publish", request -> CompletableFuture.completedFuture(explain(request)));
    }

    private AdminRoutes.Response explain(AdminRoutes.Request request) {
        String vhost = parameter(request, "vhost", Vhosts.DEFAULT);
        String exchange = parameter(request, "exchange", "");
        String key = parameter(request, "key", "");
        Topology topology = vhosts.get(vhost);
        if (topology == null) {
            return problem("vhost: " + vhost + " (expected: one of "
                    + vhosts.all().stream().map(Topology::vhost).sorted().toList() + ")");
        }
        Exchange start = topology.exchange(exchange);
        if (start == null) {
            return problem("exchange: " + exchange + " (expected: an exchange of vhost '" + vhost + "')");
        }
        Map<String, @Nullable Object> headers = new LinkedHashMap<>();
        request.query().forEach((name, values) -> {
            if (name.startsWith(HEADER)) {
                headers.put(name.substring(HEADER.length()), values.getFirst());
            }
        });
        Explanation explanation = Explanation.of(topology, start, key, Attributes.ofHeaders(new FieldTable(headers)));
        return write(vhost, exchange, key, explanation);
    }

    private static String parameter(AdminRoutes.Request request, String name, String otherwise) {
        List<String> values = request.query().getOrDefault(name, List.of());
        return values.isEmpty() ? otherwise : values.getFirst();
    }

    private AdminRoutes.Response problem(String text) {
        StringWriter body = new StringWriter();
        try (JsonGenerator out = json.createGenerator(body)) {
            out.writeStartObject();
            out.writeStringField("error", text);
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return AdminRoutes.Response.json(404, body.toString());
    }

    private AdminRoutes.Response write(String vhost, String exchange, String key, Explanation explanation) {
        StringWriter body = new StringWriter();
        try (JsonGenerator out = json.createGenerator(body)) {
            out.writeStartObject();
            out.writeStringField("vhost", vhost);
            out.writeStringField("exchange", exchange);
            out.writeStringField("routing_key", key);
            out.writeBooleanField("routed", !explanation.queues().isEmpty());
            out.writeArrayFieldStart("queues");
            for (QueueRef queue : explanation.queues()) {
                out.writeString(queue.name());
            }
            out.writeEndArray();
            out.writeArrayFieldStart("steps");
            for (Explanation.Step step : explanation.steps()) {
                write(out, step);
            }
            out.writeEndArray();
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return AdminRoutes.Response.json(200, body.toString());
    }

    private static void write(JsonGenerator out, Explanation.Step step) throws IOException {
        out.writeStartObject();
        out.writeStringField("exchange", step.from().name());
        out.writeStringField("type", step.from().type().text());
        out.writeStringField("way", step.way().name().toLowerCase(Locale.ROOT));
        if (step.binding() != null) {
            out.writeStringField("binding_key", step.binding().routingKey());
            out.writeFieldName("arguments");
            Json.write(out, Tables.json(step.binding().arguments()));
        }
        out.writeStringField("destination", step.to().name());
        out.writeStringField("destination_type", step.to() instanceof QueueRef ? "queue" : "exchange");
        out.writeEndObject();
    }
}
