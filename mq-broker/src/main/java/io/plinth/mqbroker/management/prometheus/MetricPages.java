package io.plinth.mqbroker.management.prometheus;

import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.metrics.Metrics;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.management.survey.Snapshot;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.session.Broker;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The broker's part of {@code /metrics}, in sums, and beside it {@code /metrics/per-object}, {@code /metrics/detailed} and
 * {@code /metrics/memory-breakdown} as RabbitMQ's Prometheus plugin serves them. Each scrape asks for the numbers of that moment.
 */
public final class MetricPages {
    private static final String PREFIX = "rabbitmq_";
    private static final String DETAILED = "rabbitmq_detailed_";
    private static final String CLUSTER = "rabbitmq_cluster_";
    private static final long PATIENCE_SECONDS = 5;

    /**
     * How many things have numbers of their own on one page.
     *
     * @param queues and exchanges, each
     * @param channels and connections, each
     */
    public record Most(int queues, int channels) {}

    private final Broker broker;
    private final Survey survey;
    private final Most most;
    private final String node;
    private final List<Group<?>> ofNode;
    private final List<Group<?>> ofQueues = new ArrayList<>(QueueGroups.all());
    private final List<Group<?>> ofClients = ClientGroups.all();
    private final PrometheusTextFormatWriter text = PrometheusTextFormatWriter.builder()
            .setIncludeCreatedTimestamps(false)
            .build();
    private volatile @Nullable Snapshot last;

    /**
     * Pages of a broker.
     *
     * @param node what it is called
     */
    public MetricPages(Broker broker, Survey survey, Most most, String node, NodeLimits limits) {
        this.broker = broker;
        this.survey = survey;
        this.most = most;
        this.node = node;
        this.ofNode = NodeGroups.all(limits);
        ofQueues.addAll(ExchangeGroups.all());
    }

    public void register(Metrics metrics, AdminRoutes routes) {
        metrics.registry().register((MultiCollector) this::together);
        routes.beforeScrape(this::look);
        routes.route("GET", "/metrics/per-object", request -> page(view -> perObject(metrics, view)));
        routes.route("GET", "/metrics/detailed", request -> {
            Set<String> families = new HashSet<>(request.query().getOrDefault("family", List.of()));
            Set<String> vhosts = new HashSet<>(request.query().getOrDefault("vhost", List.of()));
            return page(view -> detailed(
                    new View(broker, view.snapshot(), name -> vhosts.isEmpty() || vhosts.contains(name)), families));
        });
        routes.route(
                "GET",
                "/metrics/memory-breakdown",
                request -> page(view -> {
                    List<MetricSnapshot> shown = new ArrayList<>();
                    NodeGroups.memory().forEach(group -> shown.addAll(group.together(PREFIX, view)));
                    shown.addAll(identity("memory-breakdown"));
                    return shown;
                }));
    }

    private CompletionStage<?> look() {
        return survey.snapshot().thenAccept(taken -> last = taken);
    }

    private CompletionStage<AdminRoutes.Response> page(Function<View, List<MetricSnapshot>> content) {
        return survey.snapshot()
                .thenApply(Function.<Snapshot>identity())
                .toCompletableFuture()
                .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .thenApply(snapshot -> written(content.apply(new View(broker, snapshot, name -> true))));
    }

    private AdminRoutes.Response written(List<MetricSnapshot> shown) {
        ByteArrayOutputStream body = new ByteArrayOutputStream(16 << 10);
        try {
            text.write(body, new MetricSnapshots(shown));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new AdminRoutes.Response(200, text.getContentType(), body.toByteArray());
    }

    private MetricSnapshots together() {
        List<MetricSnapshot> shown = new ArrayList<>(identity("aggregated"));
        Snapshot taken = last;
        if (taken != null) {
            View view = new View(broker, taken, name -> true);
            ofNode.forEach(group -> shown.addAll(group.together(PREFIX, view)));
            labelled(view, shown);
            ofQueues.stream()
                    .filter(MetricPages::notTwice)
                    .forEach(group -> shown.addAll(group.together(PREFIX, view)));
            ofClients.forEach(group -> shown.addAll(group.together(PREFIX, view)));
        }
        return new MetricSnapshots(shown);
    }

    /** What has labels, or none, on either page. */
    private static void labelled(View view, List<MetricSnapshot> into) {
        NodeGroups.totals().forEach(group -> into.addAll(group.apart(PREFIX, view, 1)));
        into.addAll(NodeGroups.logins().apart(PREFIX, view, Attempts.Protocol.values().length));
    }

    /** What it tells is in {@code queue_metrics}, too. */
    private static boolean notTwice(Group<?> group) {
        return !group.name().equals(QueueGroups.CONSUMER_COUNT);
    }

    /** All that {@code /metrics} has, apart instead of together. */
    private List<MetricSnapshot> perObject(Metrics metrics, View view) {
        List<MetricSnapshot> shown = new ArrayList<>();
        metrics.registry().scrape().stream()
                .filter(own -> !own.getMetadata().getPrometheusName().startsWith(PREFIX))
                .forEach(shown::add);
        ofNode.forEach(group -> shown.addAll(group.together(PREFIX, view)));
        labelled(view, shown);
        ofQueues.stream()
                .filter(MetricPages::notTwice)
                .forEach(group -> shown.addAll(group.apart(PREFIX, view, most.queues())));
        shown.addAll(QueueGroups.info().apart(PREFIX, view, most.queues()));
        ofClients.forEach(group -> shown.addAll(group.apart(PREFIX, view, most.channels())));
        shown.addAll(identity("per-object"));
        shown.add(leftOut(view));
        return shown;
    }

    private List<MetricSnapshot> detailed(View view, Set<String> asked) {
        List<MetricSnapshot> shown = new ArrayList<>();
        for (Group<?> group : ofNode) {
            if (asked.contains(group.name())) {
                shown.addAll(group.together(DETAILED, view));
            }
        }
        for (Group<?> group : ofQueues) {
            if (asked.contains(group.name()) && (notTwice(group) || !asked.contains(QueueGroups.METRICS))) {
                shown.addAll(group.apart(DETAILED, view, most.queues()));
            }
        }
        for (Group<?> group : ofClients) {
            if (asked.contains(group.name())) {
                shown.addAll(group.apart(DETAILED, view, most.channels()));
            }
        }
        if (asked.contains(NodeGroups.logins().name())) {
            shown.addAll(NodeGroups.logins().apart(DETAILED, view, most.queues()));
        }
        for (Group<?> group : ExchangeGroups.ofCluster()) {
            if (asked.contains(group.name())) {
                shown.addAll(group.apart(CLUSTER, view, most.queues()));
            }
        }
        if (QueueGroups.WITH_INFO.stream().anyMatch(asked::contains)) {
            shown.addAll(QueueGroups.info().apart(DETAILED, view, most.queues()));
        }
        shown.addAll(identity("detailed"));
        shown.add(leftOut(view));
        return shown;
    }

    /** What RabbitMQ's dashboards join everything with. */
    private List<MetricSnapshot> identity(String page) {
        String cluster = text("cluster_name");
        return List.of(
                info(
                        "rabbitmq_identity",
                        "Which node this is",
                        Labels.of(
                                "rabbitmq_node", node,
                                "rabbitmq_cluster", cluster,
                                "rabbitmq_cluster_permanent_id", cluster,
                                "rabbitmq_endpoint", page)),
                info(
                        "rabbitmq_build",
                        "Which release of RabbitMQ it stands for",
                        Labels.of(
                                "rabbitmq_version", text("version"),
                                "product_name", text("product"),
                                "product_version", text("version"),
                                "erlang_version", "none")));
    }

    private static InfoSnapshot info(String name, String help, Labels labels) {
        return InfoSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                        .labels(labels)
                        .build())
                .build();
    }

    private String text(String property) {
        return String.valueOf(broker.serverProperties().string(property));
    }

    private GaugeSnapshot leftOut(View view) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder()
                .name("mqbroker_metrics_left_out")
                .help("Things without numbers of their own on this page, by what limits.metric-queues and"
                        + " metric-channels say");
        for (Group<?> group : List.of(ofQueues.getFirst(), ofClients.getFirst(), ofClients.getLast())) {
            int limit = group.name().startsWith("queue") ? most.queues() : most.channels();
            gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                    .labels(Labels.of("of", group.labels().getLast()))
                    .value((double) group.leftOut(view, limit))
                    .build());
        }
        return gauge.build();
    }
}
