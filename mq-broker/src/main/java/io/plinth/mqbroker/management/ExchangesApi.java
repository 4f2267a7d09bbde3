package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Permissions.Operation;
import io.plinth.mqbroker.auth.Permissions.Resource;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Policies;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.management.survey.Figures;
import io.plinth.mqbroker.management.survey.Snapshot;
import io.plinth.mqbroker.management.survey.Survey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/exchanges}: list, show, declare, delete. */
final class ExchangesApi {
    private final Changes changes;
    private final Survey survey;

    ExchangesApi(Changes changes, Survey survey) {
        this.changes = changes;
        this.survey = survey;
    }

    void register(ApiTable table) {
        table.add("GET", "exchanges", Level.MANAGEMENT, call -> list(call, null));
        table.add("GET", "exchanges/{vhost}", Level.MANAGEMENT, call -> list(call, call.vhost()));
        table.add("GET", "exchanges/{vhost}/{name}", Level.MANAGEMENT, call -> {
            Exchange exchange = exchange(call);
            return survey.figures(call).thenApply(figures -> {
                Map<String, @Nullable Object> shown = exchange(exchange, figures);
                shown.put("incoming", List.of());
                shown.put("outgoing", List.of());
                return ApiResponse.json(Listing.columns(call, shown));
            });
        });
        table.add("PUT", "exchanges/{vhost}/{name}", Level.MANAGEMENT, this::declare);
        table.add("DELETE", "exchanges/{vhost}/{name}", Level.MANAGEMENT, this::delete);
    }

    private Exchange exchange(ApiCall call) {
        Exchange exchange = changes.topology(call.vhost()).exchange(BindingsApi.name(call.name("name")));
        if (exchange == null) {
            throw ApiException.notFound();
        }
        return exchange;
    }

    private CompletionStage<ApiResponse> list(ApiCall call, @Nullable String vhost) {
        List<Exchange> all = new ArrayList<>();
        for (Topology topology : vhost == null ? changes.broker().vhosts().all() : List.of(changes.topology(vhost))) {
            if (call.sees(topology.vhost())) {
                all.addAll(topology.exchanges());
            }
        }
        all.sort(Comparator.comparing(Exchange::vhost).thenComparing(Exchange::name));
        return survey.figures(call)
                .thenApply(figures -> Listing.of(call, all, exchange -> exchange(exchange, figures)));
    }

    private Map<String, @Nullable Object> exchange(Exchange exchange, Figures all) {
        Figures figures = all.about(exchange);
        Snapshot.ExchangeCounts now = figures.now().exchanges().getOrDefault(exchange, Snapshot.ExchangeCounts.NONE);
        Snapshot.ExchangeCounts then = figures.before().exchanges().getOrDefault(exchange, now);
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("arguments", Tables.json(exchange.arguments()));
        shown.put("auto_delete", exchange.autoDelete());
        shown.put("durable", exchange.durable());
        shown.put("internal", exchange.internal());
        if (now.in() > 0) {
            Map<String, @Nullable Object> stats = new LinkedHashMap<>();
            figures.put(stats, "publish_in", now.in(), then.in());
            figures.put(stats, "publish_out", now.out(), then.out());
            figures.put(stats, "unroutable", now.unroutable(), then.unroutable());
            shown.put("message_stats", stats);
        }
        shown.put("name", exchange.name());
        Policies.Policy policy = changes.broker().definitions().policies().of(Settings.POLICY, exchange);
        if (policy != null) {
            shown.put("policy", policy.name());
        }
        shown.put("type", exchange.type().text());
        shown.put("user_who_performed_action", "rmq-internal");
        shown.put("vhost", exchange.vhost());
        return shown;
    }

    private CompletionStage<ApiResponse> declare(ApiCall call) {
        String name = Changes.clean(BindingsApi.name(call.name("name")));
        boolean known = changes.topology(call.vhost()).exchange(name) != null;
        if (!known && Topology.reserved(name)) {
            throw ApiException.forbidden(
                    "ACCESS_REFUSED - exchange name '" + name + "' contains reserved prefix 'amq.*'");
        }
        changes.permissions(call, call.vhost()).check(Operation.CONFIGURE, Resource.EXCHANGE, name);
        return changes.define(call.vhost(), declaration(name, call.document()))
                .thenApply(done -> ApiResponse.put(known));
    }

    static DefinitionCommand.DeclareExchange declaration(String name, Map<String, @Nullable Object> document) {
        return new DefinitionCommand.DeclareExchange(
                name,
                document.get("type") instanceof String type ? type : "direct",
                Tables.flag(document, "durable"),
                Tables.flag(document, "auto_delete"),
                Tables.flag(document, "internal"),
                Tables.table(document.get("arguments")));
    }

    private CompletionStage<ApiResponse> delete(ApiCall call) {
        Exchange exchange = exchange(call);
        changes.permissions(call, call.vhost()).check(Operation.CONFIGURE, Resource.EXCHANGE, exchange.name());
        if (Topology.reserved(exchange.name())) {
            throw ApiException.forbidden(
                    "ACCESS_REFUSED - operation not permitted on the exchange '" + exchange.name() + "'");
        }
        return changes.define(call.vhost(), new DefinitionCommand.DeleteExchange(exchange.name(), call.is("if-unused")))
                .thenApply(done -> ApiResponse.done());
    }
}
