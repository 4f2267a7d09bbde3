package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Permissions.Operation;
import io.plinth.mqbroker.auth.Permissions.Resource;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Policies;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.management.survey.Figures;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.QueueReport;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/queues}: list, show, declare, delete, purge. */
final class QueuesApi {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSxxx");

    private final Changes changes;
    private final Survey survey;
    private final String node;

    QueuesApi(Changes changes, Survey survey, String node) {
        this.changes = changes;
        this.survey = survey;
        this.node = node;
    }

    void register(ApiTable table) {
        table.add("GET", "queues", Level.MANAGEMENT, call -> list(call, null));
        // What releases from 3.13 on call it where "queues" has no statistics; before the virtual host of that name.
        table.add("GET", "queues/detailed", Level.MANAGEMENT, call -> list(call, null));
        table.add("GET", "queues/{vhost}", Level.MANAGEMENT, call -> list(call, call.vhost()));
        table.add("GET", "queues/{vhost}/{name}", Level.MANAGEMENT, this::show);
        table.add("PUT", "queues/{vhost}/{name}", Level.MANAGEMENT, this::declare);
        table.add("DELETE", "queues/{vhost}/{name}", Level.MANAGEMENT, this::delete);
        table.add("DELETE", "queues/{vhost}/{name}/contents", Level.MANAGEMENT, this::purge);
        table.add("POST", "queues/{vhost}/{name}/actions", Level.ADMINISTRATOR, this::act);
    }

    private CompletionStage<ApiResponse> list(ApiCall call, @Nullable String vhost) {
        List<QueueRef> queues = new ArrayList<>();
        for (Topology topology : vhost == null ? changes.broker().vhosts().all() : List.of(changes.topology(vhost))) {
            if (call.sees(topology.vhost())) {
                queues.addAll(topology.queues());
            }
        }
        queues.sort(Comparator.comparing(QueueRef::vhost).thenComparing(QueueRef::name));
        return survey.figures(call)
                .thenApply(figures -> Listing.of(call, queues, queue -> shown(call, queue, figures)));
    }

    /** There are no mirrors to bring up to date, so that is done at once. */
    private CompletionStage<ApiResponse> act(ApiCall call) {
        changes.queue(call);
        Object action = call.document().get("action");
        if (action == null) {
            throw ApiException.badRequest("[{key_missing,action}]");
        }
        if (!action.equals("sync") && !action.equals("cancel_sync")) {
            throw ApiException.badRequest("unknown: " + action + " (expected: sync or cancel_sync)");
        }
        return CompletableFuture.completedFuture(ApiResponse.done());
    }

    /** Without its numbers, or only with how many messages there are. */
    private Map<String, @Nullable Object> brief(QueueRef queue, Figures figures, boolean totals) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        QueueReport now = figures.now().queue(queue.id());
        shown.put("arguments", Tables.json(queue.arguments()));
        shown.put("auto_delete", queue.autoDelete());
        shown.put("durable", queue.durable());
        shown.put("exclusive", queue.exclusive());
        if (totals) {
            shown.put("messages", now.messages());
            shown.put("messages_ready", now.ready());
            shown.put("messages_unacknowledged", now.unacked());
        }
        shown.put("name", queue.name());
        shown.put("node", node);
        String policy = name(changes.broker().definitions().policies().of(Settings.POLICY, queue));
        if (policy != null) {
            shown.put("policy", policy);
        }
        shown.put("state", now.state().text());
        shown.put("type", type(queue));
        shown.put("vhost", queue.vhost());
        return shown;
    }

    private Map<String, @Nullable Object> shown(ApiCall call, QueueRef queue, Figures figures) {
        return call.is("disable_stats") ? brief(queue, figures, call.is("enable_queue_totals")) : queue(queue, figures);
    }

    private CompletionStage<ApiResponse> show(ApiCall call) {
        QueueRef queue = changes.queue(call);
        return survey.figures(call).thenApply(figures -> {
            if (call.is("disable_stats")) {
                return ApiResponse.json(Listing.columns(call, shown(call, queue, figures)));
            }
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put(
                    "consumer_details",
                    figures.now().queue(queue.id()).consumers().stream()
                            .map(consumer -> ConnectionsApi.consumer(figures, queue, consumer, node))
                            .toList());
            shown.putAll(queue(queue, figures));
            shown.put("deliveries", List.of());
            shown.put("incoming", List.of());
            return ApiResponse.json(Listing.columns(call, shown));
        });
    }

    Map<String, @Nullable Object> queue(QueueRef queue, Figures all) {
        Figures figures = all.about(queue.id());
        QueueReport now = figures.now().queue(queue.id());
        QueueReport then = figures.before().queues().getOrDefault(queue.id(), now);
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("arguments", Tables.json(queue.arguments()));
        shown.put("auto_delete", queue.autoDelete());
        if (!Double.isNaN(now.capacity())) {
            shown.put("consumer_capacity", now.capacity());
            shown.put("consumer_utilisation", now.capacity());
        }
        shown.put("consumers", now.consumers().size());
        shown.put("durable", queue.durable());
        Policies policies = changes.broker().definitions().policies();
        shown.put("effective_policy_definition", Tables.json(policies.definition(queue)));
        shown.put("exclusive", queue.exclusive());
        shown.put("exclusive_consumer_tag", exclusiveTag(now));
        shown.put("head_message_timestamp", now.headTimestamp() < 0 ? null : now.headTimestamp());
        if (now.idleSince() > 0 && idle(now, then)) {
            shown.put(
                    "idle_since",
                    TIME.format(Instant.ofEpochMilli(now.idleSince()).atOffset(ZoneOffset.UTC)));
        }
        if (now.cameAt() > 0) {
            long age = changes.broker().clock().millis() - now.cameAt();
            shown.put("oldest_message_age_seconds", Math.max(0, age) / 1000.0);
        }
        shown.put("memory", now.readyBytes() + now.unackedBytes());
        bytes(shown, now);
        Map<String, @Nullable Object> stats = figures.messageStats(Figures.Of.QUEUE, now.counts(), then.counts());
        if (!stats.isEmpty()) {
            shown.put("message_stats", stats);
        }
        figures.put(shown, "messages", now.messages(), then.messages());
        shown.put("messages_paged_out", 0);
        shown.put("messages_persistent", now.persistent());
        shown.put("messages_ram", now.messages());
        figures.put(shown, "messages_ready", now.ready(), then.ready());
        shown.put("messages_ready_ram", now.ready());
        figures.put(shown, "messages_unacknowledged", now.unacked(), then.unacked());
        shown.put("messages_unacknowledged_ram", now.unacked());
        shown.put("name", queue.name());
        shown.put("node", node);
        shown.put("operator_policy", name(policies.of(Settings.OPERATOR_POLICY, queue)));
        ConnectionDescription owner =
                queue.owner() == null ? null : all.now().connections().get(queue.owner());
        if (owner != null) {
            shown.put("owner_pid_details", ConnectionsApi.details(owner));
        }
        shown.put("policy", name(policies.of(Settings.POLICY, queue)));
        shown.put("recoverable_slaves", null);
        figures.put(shown, "reductions", 0, 0);
        shown.put("single_active_consumer_tag", activeTag(queue, now));
        shown.put("state", now.state().text());
        shown.put("type", type(queue));
        shown.put("vhost", queue.vhost());
        return shown;
    }

    /** Whether nothing came and went between two samples: only then RabbitMQ says since when it is idle. */
    private static boolean idle(QueueReport now, QueueReport then) {
        for (Counts.Kind kind : Counts.Kind.values()) {
            if (now.counts().get(kind) != then.counts().get(kind)) {
                return false;
            }
        }
        return now.ready() == then.ready() && now.unacked() == then.unacked();
    }

    private static void bytes(Map<String, @Nullable Object> shown, QueueReport now) {
        long all = now.readyBytes() + now.unackedBytes();
        shown.put("message_bytes", all);
        shown.put("message_bytes_paged_out", 0);
        shown.put("message_bytes_persistent", now.messages() == 0 ? 0 : all * now.persistent() / now.messages());
        shown.put("message_bytes_ram", all);
        shown.put("message_bytes_ready", now.readyBytes());
        shown.put("message_bytes_unacknowledged", now.unackedBytes());
    }

    static String type(QueueRef queue) {
        String type = queue.arguments().string("x-queue-type");
        return type == null ? "classic" : type;
    }

    private static @Nullable String name(Policies.@Nullable Policy policy) {
        return policy == null ? null : policy.name();
    }

    private static @Nullable String activeTag(QueueRef queue, QueueReport now) {
        return !queue.arguments().isTrue("x-single-active-consumer")
                ? null
                : now.consumers().stream()
                        .filter(QueueReport.Consumer::active)
                        .map(QueueReport.Consumer::tag)
                        .findFirst()
                        .orElse(null);
    }

    private static @Nullable String exclusiveTag(QueueReport now) {
        return now.consumers().size() == 1 && now.consumers().getFirst().exclusive()
                ? now.consumers().getFirst().tag()
                : null;
    }

    private CompletionStage<ApiResponse> declare(ApiCall call) {
        String name = Changes.clean(call.name("name"));
        changes.permissions(call, call.vhost()).check(Operation.CONFIGURE, Resource.QUEUE, name);
        boolean known = changes.topology(call.vhost()).queue(name) != null;
        if (!known && Topology.reserved(name)) {
            throw ApiException.forbidden("ACCESS_REFUSED - queue name '" + name + "' contains reserved prefix 'amq.*'");
        }
        return changes.define(call.vhost(), declaration(name, call.document()))
                .thenApply(done -> ApiResponse.put(known));
    }

    static DefinitionCommand.DeclareQueue declaration(String name, Map<String, @Nullable Object> document) {
        return new DefinitionCommand.DeclareQueue(
                name,
                Tables.flag(document, "durable"),
                Tables.flag(document, "auto_delete"),
                null,
                Tables.table(document.get("arguments")));
    }

    private CompletionStage<ApiResponse> delete(ApiCall call) {
        QueueRef queue = changes.queue(call);
        changes.permissions(call, call.vhost()).check(Operation.CONFIGURE, Resource.QUEUE, queue.name());
        changes.broker().definitions().checkDeletion(queue);
        CompletableFuture<ApiResponse> done = new CompletableFuture<>();
        changes.tell(
                queue,
                new ShardCommand.Delete(
                        changes.client().handle(),
                        queue,
                        call.is("if-unused"),
                        call.is("if-empty"),
                        refusal -> done.completeExceptionally(ApiException.badRequest(
                                queue + (refusal == ShardCommand.Refusal.IN_USE ? " in use" : " not empty"))),
                        count -> done.complete(ApiResponse.done())));
        return done;
    }

    private CompletionStage<ApiResponse> purge(ApiCall call) {
        QueueRef queue = changes.queue(call);
        changes.permissions(call, call.vhost()).check(Operation.READ, Resource.QUEUE, queue.name());
        if (queue.stream()) {
            throw ApiException.badRequest("540 NOT_IMPLEMENTED - purge not supported by stream queues " + queue);
        }
        return changes.<Long>ask(
                        queue, reply -> new ShardCommand.Purge(changes.client().handle(), queue.id(), reply::accept))
                .thenApply(count -> ApiResponse.done());
    }
}
