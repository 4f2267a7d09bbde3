package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.auth.Permissions.Operation;
import io.plinth.mqbroker.auth.Permissions.Resource;
import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.trace.Firehose;
import io.plinth.mqbroker.wire.ContentProperties;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Publishing to an exchange and getting from a queue, one request at a time; and {@code /api/aliveness-test}. */
final class MessagesApi {
    private static final String ALIVE = "aliveness-test";
    private static final int COUNT_MAX = 1000;
    /** What one answer may hold. */
    private static final long BYTES_MAX = 16L << 20;

    private final Changes changes;

    MessagesApi(Changes changes) {
        this.changes = changes;
    }

    void register(ApiTable table) {
        table.add("POST", "exchanges/{vhost}/{name}/publish", Level.MANAGEMENT, this::publish);
        table.add("POST", "queues/{vhost}/{name}/get", Level.MANAGEMENT, this::get);
        table.add("GET", "aliveness-test/{vhost}", Level.MANAGEMENT, this::alive);
    }

    private CompletionStage<ApiResponse> publish(ApiCall call) {
        Map<String, @Nullable Object> document = call.document();
        String exchange = BindingsApi.name(call.name("name"));
        String key = Tables.shortString("routing_key", text(document, "routing_key"));
        String payload = text(document, "payload");
        byte[] body = switch (text(document, "payload_encoding")) {
            case "string" -> payload.getBytes(StandardCharsets.UTF_8);
            case "base64" -> base64(payload);
            default -> throw ApiException.badRequest("payload_encoding: (expected: string or base64)");
        };
        if (body.length > changes.broker().limits().get().messageBytes()) {
            throw ApiException.badRequest("payload: " + body.length + " octets (expected: at most "
                    + changes.broker().limits().get().messageBytes() + ")");
        }
        byte[] properties = MessageProperties.write(document.get("properties"));
        return send(call, exchange, new Content(exchange, key, properties, body))
                .thenApply(routed -> ApiResponse.json(Map.of("routed", routed)));
    }

    private static String text(Map<String, @Nullable Object> document, String name) {
        if (!(document.get(name) instanceof String text)) {
            throw ApiException.badRequest("[{key_missing," + name + "}]");
        }
        return text;
    }

    private static byte[] base64(String payload) {
        try {
            return Base64.getDecoder().decode(payload);
        } catch (IllegalArgumentException e) {
            throw ApiException.badRequest("payload: " + e.getMessage() + " (expected: base64)");
        }
    }

    /** Publishes as a client would; ends when every queue has it, on disk where it has to be. */
    private CompletionStage<Boolean> send(ApiCall call, String name, Content content) {
        Topology topology = changes.topology(call.vhost());
        Permissions permissions = changes.permissions(call, call.vhost());
        permissions.check(Operation.WRITE, Resource.EXCHANGE, name);
        Exchange exchange = topology.exchange(name);
        if (exchange == null) {
            throw ApiException.badRequest("404 NOT_FOUND - no exchange '" + name + "' in vhost '" + call.vhost() + "'");
        }
        if (exchange.internal()) {
            throw ApiException.forbidden("ACCESS_REFUSED - cannot publish to internal " + exchange);
        }
        if (exchange.type() == ExchangeType.TOPIC) {
            permissions.checkTopic(Operation.WRITE, name, content.routingKey());
        }
        Set<QueueRef> queues = new LinkedHashSet<>();
        topology.routeCopies(exchange, content.routingKey(), new Attributes(content.properties()), queues);
        exchange.traffic().published(queues.size());
        if (topology.traced()) {
            trace(Firehose.published(topology, tracedBy(call), content, new Attributes(content.properties()), queues));
        }
        if (queues.isEmpty()) {
            return CompletableFuture.completedFuture(false);
        }
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        AtomicInteger left = new AtomicInteger(
                (int) queues.stream().mapToInt(QueueRef::shard).distinct().count());
        AtomicBoolean all = new AtomicBoolean(true);
        boolean persistent = ContentProperties.persistent(content.properties());
        List<ShardCommand.Publish> publishes = changes.broker()
                .shards()
                .split(queues, content, persistent, (shard, ok) -> {
                    if (!ok) {
                        all.set(false);
                    }
                    if (left.decrementAndGet() == 0) {
                        changes.later(() -> done.complete(all.get()));
                    }
                });
        publishes.forEach(publish -> changes.tell(publish.queues().getFirst(), publish));
        return done;
    }

    private Firehose.By tracedBy(ApiCall call) {
        return new Firehose.By(
                "rabbit@" + changes.broker().serverProperties().string("cluster_name"),
                call.vhost(),
                "management",
                1,
                call.user().name(),
                changes.broker().limits().get().frameMax());
    }

    /** A message left a queue for the caller. */
    private void got(ApiCall call, QueueRef queue, ShardCommand.Got got) {
        Topology topology = changes.topology(call.vhost());
        if (topology.traced()) {
            trace(Firehose.delivered(topology, tracedBy(call), got.content(), queue.name(), got.redelivered()));
        }
    }

    /** Publishes a copy, unless memory is used up. */
    private void trace(Firehose.@Nullable Copy copy) {
        if (copy != null && !changes.broker().alarms().is(Alarms.Reason.MEMORY)) {
            changes.broker()
                    .shards()
                    .split(new LinkedHashSet<>(copy.queues()), copy.content(), false, (shard, ok) -> {})
                    .forEach(publish -> changes.tell(publish.queues().getFirst(), publish));
        }
    }

    private CompletionStage<ApiResponse> get(ApiCall call) {
        QueueRef queue = changes.queue(call);
        changes.permissions(call, call.vhost()).check(Operation.READ, Resource.QUEUE, queue.name());
        if (queue.stream()) {
            throw ApiException.badRequest("540 NOT_IMPLEMENTED - basic.get not supported by stream queues " + queue);
        }
        Map<String, @Nullable Object> document = call.document();
        List<String> missing = new ArrayList<>();
        for (String key : List.of("count", "ackmode", "encoding")) {
            if (!document.containsKey(key)) {
                missing.add("{key_missing," + key + "}");
            }
        }
        if (!missing.isEmpty()) {
            throw ApiException.badRequest("[" + String.join(",", missing) + "]");
        }
        Object count = document.get("count");
        if (count instanceof String text && text.matches("[0-9]{1,9}")) {
            count = Long.parseLong(text);
        }
        if (!(count instanceof Long number) || number < 1 || number > COUNT_MAX) {
            throw ApiException.badRequest("count: " + count + " (expected: from 1 to " + COUNT_MAX + ")");
        }
        Getting getting = new Getting(
                call,
                queue,
                text(document, "ackmode"),
                inBase64(document),
                document.get("truncate") instanceof Long cut ? cut : Long.MAX_VALUE,
                changes.client());
        return getting.next(number);
    }

    private static boolean inBase64(Map<String, @Nullable Object> document) {
        String encoding = text(document, "encoding");
        if (!encoding.equals("base64") && !encoding.equals("auto")) {
            throw ApiException.badRequest("Unsupported encoding: " + encoding + ". Please use one of: auto, base64");
        }
        return encoding.equals("base64");
    }

    /** One request's messages. */
    private final class Getting {
        private final ApiCall call;
        private final QueueRef queue;
        private final boolean noAck;
        private final boolean requeue;
        private final boolean base64;
        private final long truncate;
        private final Changes.Client client;
        private final List<Map<String, @Nullable Object>> messages = new ArrayList<>();
        private final List<Long> held = new ArrayList<>();
        private long bytes;

        Getting(ApiCall call, QueueRef queue, String ackMode, boolean base64, long truncate, Changes.Client client) {
            this.call = call;
            this.queue = queue;
            switch (ackMode) {
                case "ack_requeue_true", "reject_requeue_true" -> {
                    requeue = true;
                    noAck = false;
                }
                case "ack_requeue_false" -> {
                    requeue = false;
                    noAck = true;
                }
                case "reject_requeue_false" -> {
                    requeue = false;
                    noAck = false;
                }
                default ->
                    throw ApiException.badRequest("ackmode: " + ackMode
                            + " (expected: ack_requeue_true, ack_requeue_false, reject_requeue_true or"
                            + " reject_requeue_false)");
            }
            this.base64 = base64;
            this.truncate = truncate;
            this.client = client;
        }

        CompletionStage<ApiResponse> next(long left) {
            if (left == 0 || bytes > BYTES_MAX) {
                return CompletableFuture.completedFuture(finish());
            }
            return changes.<ShardCommand.@Nullable Got>ask(
                            queue, reply -> new ShardCommand.Get(client.handle(), queue.id(), noAck, reply))
                    .thenCompose(got -> {
                        if (got == null) {
                            return CompletableFuture.completedFuture(finish());
                        }
                        bytes += got.content().body().length;
                        messages.add(message(got));
                        got(call, queue, got);
                        if (!noAck) {
                            held.add(got.id());
                        }
                        return next(left - 1);
                    });
        }

        private ApiResponse finish() {
            ShardCommand.Outcome outcome = requeue ? ShardCommand.Outcome.REQUEUE : ShardCommand.Outcome.REJECT;
            held.forEach(id -> changes.tell(queue, new ShardCommand.Settle(client.handle(), queue.id(), id, outcome)));
            changes.tell(queue, new ShardCommand.Release(client.handle()));
            return ApiResponse.json(messages);
        }

        private Map<String, @Nullable Object> message(ShardCommand.Got got) {
            Content content = got.content();
            byte[] whole = content.body();
            byte[] body = whole.length <= truncate ? whole : java.util.Arrays.copyOf(whole, (int) truncate);
            String text = base64 ? null : text(body);
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("payload_bytes", whole.length);
            shown.put("redelivered", got.redelivered());
            shown.put("exchange", content.exchange());
            shown.put("routing_key", content.routingKey());
            shown.put("message_count", got.remaining());
            shown.put("properties", MessageProperties.read(content.properties()));
            shown.put("payload", text == null ? Base64.getEncoder().encodeToString(body) : text);
            shown.put("payload_encoding", text == null ? "base64" : "string");
            return shown;
        }
    }

    /** The text, or null where it is none. */
    private static @Nullable String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private CompletionStage<ApiResponse> alive(ApiCall call) {
        String vhost = call.vhost();
        changes.permissions(call, vhost).check(Operation.CONFIGURE, Resource.QUEUE, ALIVE);
        Map<String, @Nullable Object> transientQueue = new LinkedHashMap<>();
        transientQueue.put("durable", false);
        changes.topology(vhost);
        return changes.define(vhost, QueuesApi.declaration(ALIVE, transientQueue))
                .thenCompose(done -> send(call, "", new Content("", ALIVE, new byte[2], new byte[] {'t'})))
                .thenCompose(sent -> {
                    QueueRef queue = changes.topology(vhost).queue(ALIVE);
                    return queue == null
                            ? CompletableFuture.completedFuture(null)
                            : changes.<ShardCommand.@Nullable Got>ask(
                                    queue,
                                    reply -> new ShardCommand.Get(
                                            changes.client().handle(), queue.id(), true, reply));
                })
                .thenApply(got -> {
                    if (got == null) {
                        throw ApiException.badRequest("the test message did not come back");
                    }
                    return ApiResponse.json(Map.of("status", "ok"));
                });
    }
}
