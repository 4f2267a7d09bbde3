package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.auth.Permissions.Operation;
import io.plinth.mqbroker.auth.Permissions.Resource;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Destination;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.wire.FieldTable;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** {@code /api/bindings} and the bindings of one queue or exchange. */
final class BindingsApi {
    /** A binding of a virtual host; those of the default exchange are not stored. */
    record Bound(String vhost, String source, Destination destination, String routingKey, FieldTable arguments) {
        boolean toQueue() {
            return destination instanceof QueueRef;
        }

        /** What names it among the bindings of the same two, as RabbitMQ forms it; the hash is our own. */
        String propertiesKey() {
            if (arguments.isEmpty()) {
                return routingKey.isEmpty() ? "~" : quoted(routingKey);
            }
            CRC32 hash = new CRC32();
            hash.update(canonical(arguments));
            byte[] bytes = ByteBuffer.allocate(4).putInt((int) hash.getValue()).array();
            return quoted(routingKey) + "~"
                    + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        }

        private static byte[] canonical(FieldTable arguments) {
            return new java.util.TreeMap<>(Tables.json(arguments)).toString().getBytes(StandardCharsets.UTF_8);
        }

        private static String quoted(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("~", "%7E");
        }

        Map<String, @Nullable Object> json(boolean withKey) {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("source", source);
            shown.put("vhost", vhost);
            shown.put("destination", destination.name());
            shown.put("destination_type", toQueue() ? "queue" : "exchange");
            shown.put("routing_key", routingKey);
            shown.put("arguments", Tables.json(arguments));
            if (withKey) {
                shown.put("properties_key", propertiesKey());
            }
            return shown;
        }
    }

    private final Changes changes;

    BindingsApi(Changes changes) {
        this.changes = changes;
    }

    void register(ApiTable table) {
        table.add("GET", "bindings", Level.MANAGEMENT, call -> {
            List<Bound> all = new ArrayList<>();
            changes.broker().vhosts().all().stream()
                    .filter(topology -> call.sees(topology.vhost()))
                    .forEach(topology -> all.addAll(bindings(topology)));
            return listed(call, all, bound -> true);
        });
        table.add("GET", "bindings/{vhost}", Level.MANAGEMENT, call -> some(call, bound -> true));
        table.add("GET", "queues/{vhost}/{name}/bindings", Level.MANAGEMENT, call -> {
            QueueRef queue = changes.queue(call);
            return some(call, bound -> bound.destination() == queue);
        });
        table.add("GET", "exchanges/{vhost}/{name}/bindings/source", Level.MANAGEMENT, call -> {
            String name = exchange(call.vhost(), call.name("name")).name();
            return some(call, bound -> bound.source().equals(name));
        });
        table.add("GET", "exchanges/{vhost}/{name}/bindings/destination", Level.MANAGEMENT, call -> {
            Exchange exchange = exchange(call.vhost(), call.name("name"));
            return some(call, bound -> bound.destination() == exchange);
        });
        for (String kind : List.of("q", "e")) {
            boolean toQueue = kind.equals("q");
            String pair = "bindings/{vhost}/e/{source}/" + kind + "/{destination}";
            table.add("GET", pair, Level.MANAGEMENT, call -> some(call, between(call, toQueue)));
            table.add("POST", pair, Level.MANAGEMENT, call -> bind(call, toQueue));
            table.add(
                    "GET",
                    pair + "/{props}",
                    Level.MANAGEMENT,
                    call -> CompletableFuture.completedFuture(
                            ApiResponse.json(one(call, toQueue).json(true))));
            table.add("DELETE", pair + "/{props}", Level.MANAGEMENT, call -> unbind(call, toQueue));
        }
    }

    private Exchange exchange(String vhost, String asked) {
        Exchange exchange = changes.topology(vhost).exchange(name(asked));
        if (exchange == null) {
            throw ApiException.notFound();
        }
        return exchange;
    }

    static String name(String exchange) {
        return exchange.equals("amq.default") ? "" : exchange;
    }

    static List<Bound> bindings(Topology topology) {
        List<Bound> all = new ArrayList<>();
        for (QueueRef queue : topology.queues()) {
            all.add(new Bound(topology.vhost(), "", queue, queue.name(), FieldTable.EMPTY));
        }
        for (Exchange exchange : topology.exchanges()) {
            for (Binding binding : exchange.bindings()) {
                all.add(new Bound(
                        topology.vhost(),
                        exchange.name(),
                        binding.destination(),
                        binding.routingKey(),
                        binding.arguments()));
            }
        }
        all.sort(Comparator.comparing(Bound::source)
                .thenComparing(bound -> bound.destination().name())
                .thenComparing(Bound::routingKey));
        return all;
    }

    private CompletionStage<ApiResponse> some(ApiCall call, Predicate<Bound> which) {
        return listed(call, bindings(changes.topology(call.vhost())), which);
    }

    private static CompletionStage<ApiResponse> listed(ApiCall call, List<Bound> all, Predicate<Bound> which) {
        return CompletableFuture.completedFuture(
                Listing.of(call, all.stream().filter(which).toList(), bound -> bound.json(true)));
    }

    private static Predicate<Bound> between(ApiCall call, boolean toQueue) {
        String source = name(call.name("source"));
        String destination = call.name("destination");
        return bound -> bound.toQueue() == toQueue
                && bound.source().equals(source)
                && bound.destination().name().equals(destination);
    }

    private Bound one(ApiCall call, boolean toQueue) {
        return bindings(changes.topology(call.vhost())).stream()
                .filter(between(call, toQueue))
                .filter(bound -> bound.propertiesKey().equals(call.name("props")))
                .findFirst()
                .orElseThrow(ApiException::notFound);
    }

    private void permit(ApiCall call, boolean toQueue, String source, String destination, String key) {
        Permissions permissions = changes.permissions(call, call.vhost());
        permissions.check(Operation.WRITE, toQueue ? Resource.QUEUE : Resource.EXCHANGE, destination);
        permissions.check(Operation.READ, Resource.EXCHANGE, source);
        Exchange from = changes.topology(call.vhost()).exchange(source);
        if (from != null && from.type() == ExchangeType.TOPIC) {
            permissions.checkTopic(Operation.READ, source, key);
        }
    }

    private CompletionStage<ApiResponse> bind(ApiCall call, boolean toQueue) {
        Map<String, @Nullable Object> document = call.document();
        String key = document.get("routing_key") instanceof String text ? Tables.shortString("routing_key", text) : "";
        FieldTable arguments = Tables.table(document.get("arguments"));
        String source = name(call.name("source"));
        String destination = call.name("destination");
        if (source.isEmpty()) {
            throw ApiException.forbidden("ACCESS_REFUSED - operation not permitted on the default exchange");
        }
        permit(call, toQueue, source, destination, key);
        return changes.define(
                        call.vhost(), new DefinitionCommand.Bind(source, toQueue, destination, key, arguments, call))
                .thenApply(done -> {
                    Topology topology = changes.topology(call.vhost());
                    Destination to = toQueue ? topology.queue(destination) : topology.exchange(destination);
                    String props =
                            to == null ? "" : new Bound(call.vhost(), source, to, key, arguments).propertiesKey();
                    return ApiResponse.created(URLEncoder.encode(destination, StandardCharsets.UTF_8) + "/"
                            + URLEncoder.encode(props, StandardCharsets.UTF_8));
                });
    }

    private CompletionStage<ApiResponse> unbind(ApiCall call, boolean toQueue) {
        Bound bound = one(call, toQueue);
        permit(call, toQueue, bound.source(), bound.destination().name(), bound.routingKey());
        return changes.define(
                        call.vhost(),
                        new DefinitionCommand.Unbind(
                                bound.source(),
                                toQueue,
                                bound.destination().name(),
                                bound.routingKey(),
                                bound.arguments(),
                                call))
                .thenApply(done -> ApiResponse.done());
    }
}
