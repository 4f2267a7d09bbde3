package io.plinth.mqbroker.management;

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
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/vhosts}. */
final class VhostsApi {
    private final Changes changes;
    private final Survey survey;
    private final String node;

    VhostsApi(Changes changes, Survey survey, String node) {
        this.changes = changes;
        this.survey = survey;
        this.node = node;
    }

    void register(ApiTable table) {
        table.add(
                "GET",
                "vhosts",
                Level.MANAGEMENT,
                call -> survey.figures(call).thenApply(figures -> {
                    List<Map<String, @Nullable Object>> all = new ArrayList<>();
                    for (String name : changes.settings().all(Settings.VHOST).keySet()) {
                        if (call.oversees(name)) {
                            all.add(vhost(name, figures));
                        }
                    }
                    return Listing.of(call, all);
                }));
        table.add("GET", "vhosts/{vhost}", Level.MONITORING, call -> {
            changes.topology(call.vhost());
            return survey.figures(call)
                    .thenApply(figures -> ApiResponse.json(Listing.columns(call, vhost(call.vhost(), figures))));
        });
        table.add("PUT", "vhosts/{vhost}", Level.ADMINISTRATOR, this::put);
        table.add("DELETE", "vhosts/{vhost}", Level.ADMINISTRATOR, this::delete);
        table.add("POST", "vhosts/{vhost}/start/{node}", Level.ADMINISTRATOR, call -> {
            changes.topology(call.vhost());
            return CompletableFuture.completedFuture(ApiResponse.done());
        });
    }

    private Map<String, @Nullable Object> vhost(String name, Figures figures) {
        FieldTable known = changes.settings().get(Settings.VHOST, name);
        Map<String, @Nullable Object> metadata = new TreeMap<>();
        metadata.put("description", "");
        metadata.put("tags", List.of());
        if (known != null) {
            metadata.putAll(Tables.json(known));
        }
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("cluster_state", Map.of(node, "running"));
        shown.put("default_queue_type", metadata.getOrDefault("default_queue_type", "classic"));
        shown.put("description", metadata.get("description"));
        numbers(shown, name, figures);
        shown.put("metadata", metadata);
        shown.put("name", name);
        shown.put("tags", metadata.get("tags"));
        Topology topology = changes.broker().vhosts().get(name);
        shown.put("tracing", topology != null && topology.traced());
        return shown;
    }

    private void numbers(Map<String, @Nullable Object> shown, String name, Figures all) {
        Figures figures = all.about(name);
        Snapshot.Totals now = figures.now().vhost(name);
        Snapshot.Totals then = figures.before().vhosts().getOrDefault(name, now);
        Topology topology = changes.broker().vhosts().get(name);
        if (topology != null && topology.queueCount() > 0) {
            figures.put(shown, "messages", now.ready() + now.unacked(), then.ready() + then.unacked());
            figures.put(shown, "messages_ready", now.ready(), then.ready());
            figures.put(shown, "messages_unacknowledged", now.unacked(), then.unacked());
        }
        Map<String, @Nullable Object> stats = figures.messageStats(Figures.Of.VHOST, now.counts(), then.counts());
        if (!stats.isEmpty()) {
            shown.put("message_stats", stats);
        }
        figures.put(shown, "recv_oct", now.received(), then.received());
        figures.put(shown, "send_oct", now.sent(), then.sent());
    }

    private CompletionStage<ApiResponse> put(ApiCall call) {
        boolean known = changes.broker().vhosts().get(call.vhost()) != null;
        Map<String, @Nullable Object> document = call.document();
        return putVhost(call.vhost(), document).thenApply(done -> {
            Topology topology = changes.broker().vhosts().get(call.vhost());
            if (topology != null && document.get("tracing") instanceof Boolean on) {
                topology.traced(on);
            }
            return ApiResponse.put(known);
        });
    }

    /** Makes or changes a virtual host as a request or a file of definitions says. */
    CompletionStage<?> putVhost(String name, Map<String, @Nullable Object> document) {
        FieldTable known = changes.settings().get(Settings.VHOST, name);
        FieldTable metadata = known == null ? FieldTable.EMPTY : known;
        if (document.get("metadata") instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                metadata = metadata.with(String.valueOf(entry.getKey()), Tables.value(entry.getValue()));
            }
        }
        if (document.get("description") instanceof String description) {
            metadata = metadata.with("description", description);
        }
        if (document.get("tags") instanceof String tags) {
            metadata = metadata.with("tags", tags.isBlank() ? List.of() : List.of(tags.split(",", -1)));
        } else if (document.get("tags") instanceof List<?> tags) {
            metadata = metadata.with("tags", Tables.value(tags));
        }
        if (document.get("default_queue_type") instanceof String type) {
            metadata = metadata.with("default_queue_type", type);
        }
        return changes.set(Settings.VHOST, checked(name), metadata);
    }

    /** The name, if a virtual host can have it. */
    static String checked(String name) {
        if (name.isEmpty()) {
            throw ApiException.badRequest("vhost: empty (expected: a name)");
        }
        return Changes.clean(name);
    }

    private CompletionStage<ApiResponse> delete(ApiCall call) {
        String name = call.vhost();
        changes.topology(name);
        return changes.set(Settings.VHOST, name, null).thenApply(done -> {
            for (Connection connection : changes.broker().connections().all()) {
                if (connection.identity().vhost().equals(name)) {
                    connection.shutdown("vhost '" + name + "' is deleted");
                }
            }
            return ApiResponse.done();
        });
    }
}
