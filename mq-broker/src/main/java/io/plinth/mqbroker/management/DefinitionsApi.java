package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.User;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Items;
import io.plinth.mqbroker.log.Settings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /api/definitions}: everything out, and RabbitMQ's {@code definitions.json} in, whole or for one virtual host. */
final class DefinitionsApi {
    private static final Logger LOG = LoggerFactory.getLogger(DefinitionsApi.class);

    /** Of a list so many are taken together, and share a sync. */
    private static final int AT_ONCE = 500;

    private final Changes changes;
    private final AccessApi access;
    private final VhostsApi vhosts;
    private final PoliciesApi policies;
    private final String version;

    DefinitionsApi(Changes changes, AccessApi access, VhostsApi vhosts, PoliciesApi policies, String version) {
        this.changes = changes;
        this.access = access;
        this.vhosts = vhosts;
        this.policies = policies;
        this.version = version;
    }

    void register(ApiTable table) {
        table.add("GET", "definitions", Level.ADMINISTRATOR, call -> AccessApi.now(export(call, null)));
        table.add("GET", "definitions/{vhost}", Level.ADMINISTRATOR, call -> {
            changes.topology(call.vhost());
            return AccessApi.now(export(call, call.vhost()));
        });
        table.add("POST", "definitions", Level.ADMINISTRATOR, call -> take(call, null));
        table.add("POST", "definitions/{vhost}", Level.ADMINISTRATOR, call -> {
            changes.topology(call.vhost());
            return take(call, call.vhost());
        });
    }

    private Map<String, @Nullable Object> export(ApiCall call, @Nullable String vhost) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("rabbit_version", version);
        if (vhost == null) {
            shown.put("rabbitmq_version", version);
            shown.put("product_name", "RabbitMQ");
            shown.put("product_version", version);
            shown.put(
                    "users",
                    changes.broker().access().users().stream()
                            .filter(user -> !user.fromFile())
                            .map((User user) -> access.user(user))
                            .toList());
            List<Map<String, @Nullable Object>> hosts = new ArrayList<>();
            changes.settings().all(Settings.VHOST).forEach((name, metadata) -> {
                Map<String, @Nullable Object> host = new LinkedHashMap<>();
                host.put("name", name);
                if (!metadata.isEmpty()) {
                    host.put("metadata", Tables.json(metadata));
                }
                hosts.add(host);
            });
            shown.put("vhosts", hosts);
            shown.put("permissions", access.permissions(Settings.PERMISSION, (user, host) -> true));
            shown.put("topic_permissions", access.permissions(Settings.TOPIC_PERMISSION, (user, host) -> true));
        }
        shown.put("parameters", local(policies.parameters(call, null, vhost), Function.identity(), vhost));
        if (vhost == null) {
            shown.put("global_parameters", policies.globals());
        }
        shown.put("policies", policies.policies(call, Settings.POLICY, vhost));
        topologies(shown, vhost);
        return shown;
    }

    /** Each without the virtual host, where the request has named it. */
    private static <T> List<Map<String, @Nullable Object>> local(
            List<T> things, Function<T, Map<String, @Nullable Object>> shown, @Nullable String vhost) {
        return vhost == null
                ? new Items<>(things, shown)
                : new Items<>(things, thing -> {
                    Map<String, @Nullable Object> item = shown.apply(thing);
                    item.remove("vhost");
                    return item;
                });
    }

    private void topologies(Map<String, @Nullable Object> shown, @Nullable String vhost) {
        List<QueueRef> queues = new ArrayList<>();
        List<Exchange> exchanges = new ArrayList<>();
        List<BindingsApi.Bound> bindings = new ArrayList<>();
        for (Topology topology : vhost == null ? changes.broker().vhosts().all() : List.of(changes.topology(vhost))) {
            topology.queues().stream()
                    .filter(queue -> !queue.exclusive() && !queue.name().startsWith("amq.delayed."))
                    .forEach(queues::add);
            topology.exchanges().stream()
                    .filter(exchange -> !Topology.reserved(exchange.name()))
                    .forEach(exchanges::add);
            BindingsApi.bindings(topology).stream()
                    .filter(bound -> !bound.source().isEmpty())
                    .filter(bound -> !(bound.destination() instanceof QueueRef queue && queue.exclusive()))
                    .forEach(bindings::add);
        }
        shown.put("queues", local(queues, DefinitionsApi::queue, vhost));
        shown.put("exchanges", local(exchanges, DefinitionsApi::exchange, vhost));
        shown.put("bindings", local(bindings, bound -> bound.json(false), vhost));
    }

    private static Map<String, @Nullable Object> queue(QueueRef queue) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("name", queue.name());
        shown.put("vhost", queue.vhost());
        shown.put("durable", queue.durable());
        shown.put("auto_delete", queue.autoDelete());
        shown.put("arguments", Tables.json(queue.arguments()));
        return shown;
    }

    private static Map<String, @Nullable Object> exchange(Exchange exchange) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("name", exchange.name());
        shown.put("vhost", exchange.vhost());
        shown.put("type", exchange.type().text());
        shown.put("durable", exchange.durable());
        shown.put("auto_delete", exchange.autoDelete());
        shown.put("internal", exchange.internal());
        shown.put("arguments", Tables.json(exchange.arguments()));
        return shown;
    }

    private interface Step {
        CompletionStage<?> take(Map<String, @Nullable Object> item);
    }

    /** One list after the other, so that what comes later finds what it needs; taking the same again changes nothing. */
    private CompletionStage<ApiResponse> take(ApiCall call, @Nullable String vhost) {
        Map<String, @Nullable Object> document = call.document();
        new DefinitionsCheck(changes, access, document, vhost).check();
        // Of what stands in the file twice the first counts.
        Set<String> queues = new HashSet<>();
        Set<String> exchanges = new HashSet<>();
        CompletionStage<?> all = CompletableFuture.completedFuture(null);
        if (vhost == null) {
            all = each(all, document, "vhosts", item -> vhosts.putVhost(name(item), item));
            all = each(all, document, "users", this::user);
            all = each(all, document, "permissions", item -> access.putPermission(Settings.PERMISSION, item));
            all = each(
                    all, document, "topic_permissions", item -> access.putPermission(Settings.TOPIC_PERMISSION, item));
            all = each(
                    all,
                    document,
                    "global_parameters",
                    item -> policies.putValue(Settings.GLOBAL_PARAMETER, name(item), item));
        }
        all = each(all, document, "parameters", item -> {
            String component = String.valueOf(item.get("component"));
            if (!PoliciesApi.knows(component)) {
                LOG.warn(
                        "definitions: parameter '{}' of {} is left out: nothing here goes by it",
                        name(item),
                        component);
                return CompletableFuture.completedFuture(null);
            }
            return policies.putParameter(component, host(item, vhost), name(item), item);
        });
        all = each(
                all,
                document,
                "policies",
                item -> policies.putPolicy(Settings.POLICY, host(item, vhost), name(item), item));
        all = each(
                all,
                document,
                "operator_policies",
                item -> policies.putPolicy(Settings.OPERATOR_POLICY, host(item, vhost), name(item), item));
        all = each(
                all,
                document,
                "queues",
                item -> !queues.add(Settings.key(host(item, vhost), name(item)))
                                || there(host(item, vhost), name(item), true)
                        ? CompletableFuture.completedFuture(null)
                        : changes.define(host(item, vhost), QueuesApi.declaration(name(item), item)));
        all = each(
                all,
                document,
                "exchanges",
                item -> !exchanges.add(Settings.key(host(item, vhost), name(item)))
                                || there(host(item, vhost), name(item), false)
                        ? CompletableFuture.completedFuture(null)
                        : changes.define(host(item, vhost), ExchangesApi.declaration(name(item), item)));
        all = each(all, document, "bindings", item -> bind(host(item, vhost), binding(item, call)));
        return all.thenApply(done -> ApiResponse.done());
    }

    private CompletionStage<?> bind(String host, DefinitionCommand.Bind asked) {
        String lacks = DefinitionsCheck.lacks(changes.topology(host), asked);
        if (lacks == null) {
            return changes.define(host, asked);
        }
        LOG.warn(
                "definitions: binding of exchange '{}' to '{}' in vhost '{}' is left out: {}",
                asked.source(),
                asked.destination(),
                host,
                lacks);
        return CompletableFuture.completedFuture(null);
    }

    /** What is there stays as it is, whatever the file says of it: so does RabbitMQ. */
    private boolean there(String host, String name, boolean queue) {
        Topology topology = changes.topology(host);
        return queue ? topology.queue(name) != null : topology.exchange(name) != null;
    }

    static List<Map<String, @Nullable Object>> items(Map<String, @Nullable Object> document, String list) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        Object given = document.get(list);
        if (given != null && !(given instanceof List<?>)) {
            throw ApiException.badRequest(list + ": " + given + " (expected: a list)");
        }
        if (given instanceof List<?> items) {
            for (Object item : items) {
                if (!(item instanceof Map<?, ?> map)) {
                    throw ApiException.badRequest(list + ": " + item + " (expected: objects)");
                }
                Map<String, @Nullable Object> entry = new LinkedHashMap<>();
                map.forEach((key, value) -> entry.put(String.valueOf(key), value));
                all.add(entry);
            }
        }
        return all;
    }

    private CompletionStage<?> user(Map<String, @Nullable Object> item) {
        User known = changes.broker().access().user(name(item));
        if (known != null && known.fromFile()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletionStage<?> put = access.putUser(name(item), item);
        return item.get("limits") instanceof Map<?, ?> limits && !limits.isEmpty()
                ? put.thenCompose(done -> changes.set(Settings.USER_LIMITS, name(item), Tables.table(limits)))
                : put;
    }

    static DefinitionCommand.Bind binding(Map<String, @Nullable Object> item, Object asker) {
        return new DefinitionCommand.Bind(
                String.valueOf(item.get("source")),
                !"exchange".equals(item.get("destination_type")),
                String.valueOf(item.get("destination")),
                item.get("routing_key") instanceof String key ? key : "",
                Tables.table(item.get("arguments")),
                asker);
    }

    private static CompletionStage<?> each(
            CompletionStage<?> before, Map<String, @Nullable Object> document, String list, Step step) {
        Iterator<Map<String, @Nullable Object>> items = items(document, list).iterator();
        return before.thenCompose(done -> some(items, step));
    }

    private static CompletionStage<?> some(Iterator<Map<String, @Nullable Object>> items, Step step) {
        List<CompletableFuture<?>> some = new ArrayList<>();
        while (some.size() < AT_ONCE && items.hasNext()) {
            some.add(step.take(items.next()).toCompletableFuture());
        }
        CompletableFuture<?> taken = CompletableFuture.allOf(some.toArray(CompletableFuture[]::new));
        return items.hasNext() ? taken.thenCompose(done -> some(items, step)) : taken;
    }

    static String name(Map<String, @Nullable Object> item) {
        if (!(item.get("name") instanceof String name)) {
            throw ApiException.badRequest("[{key_missing,name}]");
        }
        return Changes.clean(name);
    }

    static String host(Map<String, @Nullable Object> item, @Nullable String vhost) {
        return vhost != null ? vhost : item.get("vhost") instanceof String named ? named : "/";
    }
}
