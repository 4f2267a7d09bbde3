package io.plinth.mqbroker.management;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.session.Broker;
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
import org.jspecify.annotations.Nullable;

/** {@code GET /queues} and {@code GET /connections} on the admin server. */
public final class ManagementRoutes {
    private final Broker broker;
    private final JsonFactory json = new JsonFactory();

    public ManagementRoutes(Broker broker) {
        this.broker = broker;
    }

    public void register(AdminRoutes routes) {
        routes.route("GET", "/queues", request -> survey().thenApply(this::queues));
        routes.route("GET", "/connections", request -> connections());
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
                out.writeStringField("vhost", queue.vhost());
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

    private CompletionStage<AdminRoutes.Response> connections() {
        List<CompletableFuture<@Nullable ConnectionDescription>> asked = broker.connections().all().stream()
                .map(connection -> connection.describe().toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenApply(done -> write(out -> {
                    for (CompletableFuture<@Nullable ConnectionDescription> told : asked) {
                        ConnectionDescription shown = told.join();
                        if (shown != null) {
                            write(out, shown);
                        }
                    }
                }));
    }

    private static void write(JsonGenerator out, ConnectionDescription shown) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", shown.name());
        out.writeStringField("peer", String.valueOf(shown.peer()));
        out.writeStringField("user", shown.user());
        out.writeStringField("vhost", shown.vhost());
        out.writeStringField("client", shown.clientProperties().string("product"));
        out.writeStringField("state", shown.state());
        out.writeNumberField("channels", shown.channels().size());
        out.writeEndObject();
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
