package io.plinth.mqbroker.management;

import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.management.node.MemoryUse;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.management.survey.Figures;
import io.plinth.mqbroker.management.survey.Snapshot;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.wire.FieldTable;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/overview}, {@code /api/nodes} and what else is told of the node. */
final class OverviewApi {
    /** How many seconds of samples there may be, those of each five seconds and those of each minute. */
    private static final List<Integer> KEPT = List.of(605, 3660);

    private final Changes changes;
    private final Survey survey;
    private final ManagementApi.Node node;
    private final MemoryUse memory;

    OverviewApi(Changes changes, Survey survey, ManagementApi.Node node) {
        this.changes = changes;
        this.survey = survey;
        this.node = node;
        this.memory = new MemoryUse(node.memory().current());
    }

    void register(ApiTable table) {
        table.add("GET", "overview", Level.MANAGEMENT, this::overview);
        table.add(
                "GET",
                "nodes",
                Level.MONITORING,
                call -> survey.figures(call).thenApply(figures -> Listing.of(call, List.of(node(figures)))));
        table.add("GET", "nodes/{node}", Level.MONITORING, call -> {
            here(call);
            return survey.figures(call).thenApply(figures -> ApiResponse.json(Listing.columns(call, node(figures))));
        });
        table.add("GET", "nodes/{node}/memory", Level.MONITORING, call -> {
            here(call);
            return AccessApi.now(Map.of("memory", memory.octets()));
        });
        table.add("GET", "nodes/{node}/memory/relative", Level.MONITORING, call -> {
            here(call);
            return AccessApi.now(Map.of("memory", memory.relative()));
        });
        table.add("GET", "cluster-name", Level.MANAGEMENT, call -> AccessApi.now(Map.of("name", clusterName())));
        table.add("PUT", "cluster-name", Level.ADMINISTRATOR, call -> {
            Object name = call.document().get("name");
            if (!(name instanceof String text)) {
                throw ApiException.badRequest("[{key_missing,name}]");
            }
            return changes.set(Settings.GLOBAL_PARAMETER, "cluster_name", FieldTable.EMPTY.with("value", text))
                    .thenApply(done -> ApiResponse.done());
        });
        table.add("GET", "extensions", Level.MANAGEMENT, call -> AccessApi.now(List.of()));
        table.add("GET", "feature-flags", Level.ADMINISTRATOR, call -> AccessApi.now(featureFlags()));
        table.add("GET", "deprecated-features", Level.MANAGEMENT, call -> AccessApi.now(List.of()));
        table.add("GET", "deprecated-features/used", Level.MANAGEMENT, call -> AccessApi.now(List.of()));
        table.add(
                "POST",
                "rebalance/queues",
                Level.ADMINISTRATOR,
                call -> CompletableFuture.completedFuture(ApiResponse.done()));
    }

    private void here(ApiCall call) {
        if (!call.name("node").equals(node.name())) {
            throw ApiException.notFound();
        }
    }

    private String clusterName() {
        FieldTable set = changes.settings().get(Settings.GLOBAL_PARAMETER, "cluster_name");
        String name = set == null ? null : set.string("value");
        return name == null ? node.name() : name;
    }

    private static List<Map<String, @Nullable Object>> featureFlags() {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (String name : List.of(
                "classic_queue_type_delivery_support",
                "detailed_queues_endpoint",
                "quorum_queue",
                "stream_queue",
                "user_limits")) {
            Map<String, @Nullable Object> flag = new LinkedHashMap<>();
            flag.put("name", name);
            flag.put("desc", "");
            flag.put("doc_url", "");
            flag.put("state", "enabled");
            flag.put("stability", "stable");
            flag.put("provided_by", "rabbit");
            all.add(flag);
        }
        return all;
    }

    private static List<Map<String, @Nullable Object>> exchangeTypes() {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (ExchangeType type : ExchangeType.values()) {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("name", type.text());
            shown.put("description", type.text() + " exchange");
            shown.put("enabled", true);
            all.add(shown);
        }
        return all;
    }

    private CompletionStage<ApiResponse> overview(ApiCall call) {
        return survey.figures(call).thenApply(figures -> {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("management_version", node.version());
            shown.put("rates_mode", "basic");
            shown.put("sample_retention_policies", Map.of("global", KEPT, "basic", KEPT, "detailed", KEPT));
            shown.put("exchange_types", exchangeTypes());
            shown.put("product_version", node.version());
            shown.put("product_name", node.product());
            shown.put("rabbitmq_version", node.version());
            shown.put("cluster_name", clusterName());
            shown.put("erlang_version", "26.2");
            shown.put("erlang_full_version", "none; Java " + Runtime.version().feature());
            shown.put("release_series_support_status", "supported");
            shown.put("disable_stats", false);
            shown.put("enable_queue_totals", false);
            shown.put(
                    "message_stats",
                    figures.messageStats(
                            Figures.Of.ALL,
                            figures.now().totals(),
                            figures.before().totals()));
            shown.put("churn_rates", churn(figures));
            shown.put("queue_totals", queueTotals(figures));
            shown.put("object_totals", objectTotals(figures));
            shown.put("statistics_db_event_queue", 0);
            shown.put("node", node.name());
            shown.put("listeners", node.listeners().stream().map(this::listener).toList());
            shown.put("contexts", List.of());
            return ApiResponse.json(Listing.columns(call, shown));
        });
    }

    private Map<String, @Nullable Object> listener(ManagementApi.Listener listener) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("node", node.name());
        shown.put("protocol", listener.protocol());
        shown.put("ip_address", listener.address());
        shown.put("port", listener.port());
        shown.put("socket_opts", Map.of());
        return shown;
    }

    private static Map<String, @Nullable Object> churn(Figures figures) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        figures.putNode(shown, NodeNumbers.CHURN);
        return shown;
    }

    private static Map<String, @Nullable Object> queueTotals(Figures figures) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        if (figures.now().queues().isEmpty()) {
            return shown;
        }
        long ready = sum(figures.now(), true);
        long unacked = sum(figures.now(), false);
        long readyThen = sum(figures.before(), true);
        long unackedThen = sum(figures.before(), false);
        figures.put(shown, "messages", ready + unacked, readyThen + unackedThen);
        figures.put(shown, "messages_ready", ready, readyThen);
        figures.put(shown, "messages_unacknowledged", unacked, unackedThen);
        return shown;
    }

    private static long sum(Snapshot snapshot, boolean ready) {
        return snapshot.queues().values().stream()
                .mapToLong(queue -> ready ? queue.ready() : queue.unacked())
                .sum();
    }

    private Map<String, @Nullable Object> objectTotals(Figures figures) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put(
                "channels",
                figures.now().connections().values().stream()
                        .mapToInt(connection -> connection.channels().size())
                        .sum());
        shown.put("connections", figures.now().connections().size());
        shown.put(
                "consumers",
                figures.now().queues().values().stream()
                        .map(QueueReport::consumers)
                        .mapToInt(List::size)
                        .sum());
        shown.put(
                "exchanges",
                changes.broker().vhosts().all().stream()
                        .map(Topology::exchanges)
                        .mapToInt(java.util.Collection::size)
                        .sum());
        shown.put("queues", changes.broker().vhosts().queueCount());
        return shown;
    }

    private static List<Map<String, @Nullable Object>> mechanisms() {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (String name : List.of("PLAIN", "AMQPLAIN")) {
            Map<String, @Nullable Object> shown = new LinkedHashMap<>();
            shown.put("name", name);
            shown.put("description", "");
            shown.put("enabled", true);
            all.add(shown);
        }
        return all;
    }

    private Map<String, @Nullable Object> node(Figures figures) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("partitions", List.of());
        shown.put("os_pid", Long.toString(ProcessHandle.current().pid()));
        long filesMost = NodeNumbers.files(true);
        shown.put("fd_total", filesMost);
        shown.put("sockets_total", filesMost);
        shown.put("mem_limit", node.memory().limit());
        shown.put("mem_alarm", changes.broker().alarms().blocked().contains("memory"));
        shown.put("disk_free_limit", node.disk().limit());
        shown.put("disk_free_alarm", changes.broker().alarms().blocked().contains("disk"));
        shown.put("proc_total", ManagementFactory.getThreadMXBean().getThreadCount());
        shown.put("rates_mode", "basic");
        shown.put("uptime", ManagementFactory.getRuntimeMXBean().getUptime());
        shown.put("run_queue", 0);
        shown.put("processors", Runtime.getRuntime().availableProcessors());
        shown.put("exchange_types", exchangeTypes());
        shown.put("auth_mechanisms", mechanisms());
        shown.put("applications", List.of());
        shown.put("contexts", List.of());
        shown.put("log_files", List.of());
        shown.put("db_dir", "");
        shown.put("config_files", List.of());
        shown.put("net_ticktime", 60);
        shown.put("enabled_plugins", List.of("rabbitmq_management", "rabbitmq_prometheus"));
        shown.put("mem_calculation_strategy", "rss");
        shown.put("ra_open_file_metrics", Map.of());
        shown.put("name", node.name());
        shown.put("type", "disc");
        shown.put("running", true);
        shown.put("being_drained", false);
        figures.putNode(shown, NodeNumbers.NAMES);
        shown.put("cluster_links", List.of());
        shown.put("metrics_gc_queue_length", Map.of());
        return shown;
    }
}
