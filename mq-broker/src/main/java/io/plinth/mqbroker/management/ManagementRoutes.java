package io.plinth.mqbroker.management;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.QueueReport;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** {@code GET /queues} and {@code GET /connections} on the admin server. */
public final class ManagementRoutes {
    private final Broker broker;
    private final JsonFactory json = new JsonFactory();

    public ManagementRoutes(Broker broker) {
        this.broker = broker;
    }

    public void register(AdminRoutes routes) {
        routes.route("GET", "/queues", request -> survey().thenApply(this::queues));
        routes.route("GET", "/connections", request -> CompletableFuture.completedFuture(connections()));
    }

    /** Asks every shard on its own loop. */
    private CompletionStage<Map<Long, QueueReport>> survey() {
        Map<Long, QueueReport> all = new ConcurrentHashMap<>();
        CompletableFuture<?>[] asked = new CompletableFuture<?>[broker.shards().count()];
        for (int i = 0; i < asked.length; i++) {
            CompletableFuture<Void> answered = new CompletableFuture<>();
            asked[i] = answered;
            broker.shards().get(i).submit(List.of(new ShardCommand.Survey(part -> {
                all.putAll(part);
                answered.complete(null);
            })));
        }
        return CompletableFuture.allOf(asked).thenApply(done -> all);
    }

    private AdminRoutes.Response queues(Map<Long, QueueReport> numbers) {
        List<QueueRef> queues = broker.vhosts().all().stream()
                .flatMap(vhost -> vhost.queues().stream())
                .sorted(Comparator.comparing(QueueRef::name))
                .toList();
        return write(out -> {
            for (QueueRef queue : queues) {
                QueueReport status = numbers.getOrDefault(queue.id(), QueueReport.NOTHING);
                out.writeStartObject();
                out.writeStringField("name", queue.name());
                out.writeBooleanField("durable", queue.durable());
                out.writeBooleanField("exclusive", queue.exclusive());
                out.writeBooleanField("auto_delete", queue.autoDelete());
                out.writeNumberField("shard", queue.shard());
                out.writeNumberField("messages_ready", status.ready());
                out.writeNumberField("messages_unacknowledged", status.unacked());
                out.writeNumberField("consumers", status.consumers().size());
                out.writeEndObject();
            }
        });
    }

    private AdminRoutes.Response connections() {
        return write(out -> {
            for (Connection connection : broker.connections().all()) {
                ConnectionDescription shown = connection.description();
                out.writeStartObject();
                out.writeStringField("peer", shown.peer());
                out.writeStringField("user", shown.user());
                out.writeStringField("client", shown.product());
                out.writeStringField("state", shown.state());
                out.writeNumberField("channels", shown.channels());
                out.writeEndObject();
            }
        });
    }

    private interface Body {
        void write(JsonGenerator out) throws IOException;
    }

    private AdminRoutes.Response write(Body body) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = json.createGenerator(text)) {
            out.writeStartArray();
            body.write(out);
            out.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return AdminRoutes.Response.json(200, text.toString());
    }
}
