package io.plinth.mqbroker.management;

import io.plinth.kit.metrics.Metrics;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.SessionMetrics;
import io.plinth.mqbroker.stats.Counts.Kind;
import io.plinth.mqbroker.stats.Latency;
import io.plinth.mqbroker.stats.QueueReport;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Info;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Numbers of single queues and exchanges for {@code /metrics}, under RabbitMQ's names where it has one. They are those of the last sample,
 * at most five seconds old; a scrape asks for the next ones.
 */
public final class QueueMetrics {
    /** What RabbitMQ counts of all queues and clients together. */
    private static final Map<String, Kind> GLOBAL = Map.ofEntries(
            Map.entry("received", Kind.PUBLISH),
            Map.entry("confirmed", Kind.CONFIRM),
            Map.entry("unroutable_dropped", Kind.DROP_UNROUTABLE),
            Map.entry("unroutable_returned", Kind.RETURN_UNROUTABLE),
            Map.entry("delivered_consume_manual_ack", Kind.DELIVER),
            Map.entry("delivered_consume_auto_ack", Kind.DELIVER_NO_ACK),
            Map.entry("delivered_get_manual_ack", Kind.GET),
            Map.entry("delivered_get_auto_ack", Kind.GET_NO_ACK),
            Map.entry("get_empty", Kind.GET_EMPTY),
            Map.entry("redelivered", Kind.REDELIVER),
            Map.entry("acknowledged", Kind.ACK));

    private final Broker broker;
    private final Survey survey;
    private final int most;
    private final String node;

    private interface Each {
        void queue(QueueRef queue, QueueReport report);
    }

    /**
     * Numbers of a broker.
     *
     * @param most how many queues have numbers of their own
     * @param node what it is called
     */
    public QueueMetrics(Broker broker, Survey survey, int most, String node) {
        this.node = node;
        this.broker = broker;
        this.survey = survey;
        this.most = most;
    }

    private void each(Each each) {
        each(most, each);
    }

    private void each(int atMost, Each each) {
        Snapshot last = survey.last();
        if (last == null) {
            return;
        }
        int left = atMost;
        for (Topology topology : broker.vhosts().all()) {
            for (QueueRef queue : topology.queues()) {
                if (left-- <= 0) {
                    return;
                }
                each.queue(queue, last.queue(queue.id()));
            }
        }
    }

    public void register(Metrics metrics) {
        gauge(metrics, "rabbitmq_queue_messages_ready", "Messages that wait for a consumer.", QueueReport::ready);
        gauge(metrics, "rabbitmq_queue_messages_unacked", "Messages with consumers.", QueueReport::unacked);
        gauge(metrics, "rabbitmq_queue_messages", "Messages, ready or with consumers.", QueueReport::messages);
        gauge(
                metrics,
                "rabbitmq_queue_messages_ready_bytes",
                "Octets of the messages that wait.",
                QueueReport::readyBytes);
        gauge(metrics, "rabbitmq_queue_consumers", "Consumers.", report ->
                (double) report.consumers().size());
        gauge(
                metrics,
                "rabbitmq_queue_oldest_message_age_seconds",
                "How long the oldest ready message has waited, to about a second.",
                report -> report.cameAt() == 0 ? 0 : (broker.clock().millis() - report.cameAt()) / 1000.0);
        counter(metrics, "rabbitmq_queue_messages_published_total", "Messages that came.", Kind.PUBLISH);
        counter(metrics, "rabbitmq_queue_messages_delivered_total", "Deliveries to be acknowledged.", Kind.DELIVER);
        counter(
                metrics,
                "rabbitmq_queue_messages_delivered_no_ack_total",
                "Deliveries that need no acknowledgement.",
                Kind.DELIVER_NO_ACK);
        counter(metrics, "rabbitmq_queue_messages_redelivered_total", "Deliveries of messages again.", Kind.REDELIVER);
        counter(metrics, "rabbitmq_queue_messages_acked_total", "Acknowledgements.", Kind.ACK);
        confirms(metrics);
        exchanges(metrics);
        whole(metrics);
    }

    /** What RabbitMQ's dashboards join everything with, and the sums they show. */
    private void whole(Metrics metrics) {
        String cluster = String.valueOf(broker.serverProperties().string("cluster_name"));
        Info.builder()
                .name("rabbitmq_identity_info")
                .help("Which node this is.")
                .labelNames("rabbitmq_node", "rabbitmq_cluster", "rabbitmq_cluster_permanent_id")
                .register(metrics.registry())
                .addLabelValues(node, cluster, cluster);
        Info.builder()
                .name("rabbitmq_build_info")
                .help("Which release of RabbitMQ it stands for.")
                .labelNames("rabbitmq_version", "product_name", "product_version", "erlang_version")
                .register(metrics.registry())
                .addLabelValues(text("version"), text("product"), text("version"), "none");
        metrics.gauge("rabbitmq_connections", "Open connections.", broker.connections()::count);
        metrics.gauge("rabbitmq_queues", "Declared queues.", broker.vhosts()::queueCount);
        metrics.gauge(
                "rabbitmq_channels",
                "Open channels.",
                () -> sum(last -> last.connections().values().stream()
                        .mapToInt(connection -> connection.channels().size())
                        .sum()));
        metrics.gauge(
                "rabbitmq_consumers",
                "Consumers.",
                () -> sum(last -> last.queues().values().stream()
                        .mapToInt(queue -> queue.consumers().size())
                        .sum()));
        alarm(metrics, "rabbitmq_alarms_memory_used_watermark", Alarms.Reason.MEMORY);
        alarm(metrics, "rabbitmq_alarms_free_disk_space_watermark", Alarms.Reason.DISK);
        SessionMetrics sessions = broker.metrics();
        global(metrics, "rabbitmq_connections_opened_total", "Connections opened.", sessions::connectionsCount);
        for (Map.Entry<String, Kind> total : GLOBAL.entrySet()) {
            String name = "rabbitmq_global_messages_" + total.getKey() + "_total";
            CounterWithCallback.builder()
                    .name(name)
                    .help("As RabbitMQ's, of the last sample.")
                    .labelNames("protocol")
                    .callback(callback ->
                            callback.call(sum(last -> last.totals().get(total.getValue())), "amqp091"))
                    .register(metrics.registry());
        }
    }

    private String text(String property) {
        return String.valueOf(broker.serverProperties().string(property));
    }

    private double sum(ToDoubleFunction<Snapshot> of) {
        Snapshot last = survey.last();
        return last == null ? 0 : of.applyAsDouble(last);
    }

    private void alarm(Metrics metrics, String name, Alarms.Reason reason) {
        metrics.gauge(
                name,
                "1 while publishers are blocked for it.",
                () -> broker.alarms().is(reason) ? 1 : 0);
    }

    private static void global(Metrics metrics, String name, String help, LongSupplier value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call((double) value.getAsLong()))
                .register(metrics.registry());
    }

    private void gauge(Metrics metrics, String name, String help, ToDoubleFunction<QueueReport> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("vhost", "queue")
                .callback(callback -> each(
                        (queue, report) -> callback.call(value.applyAsDouble(report), queue.vhost(), queue.name())))
                .register(metrics.registry());
    }

    private void counter(Metrics metrics, String name, String help, Kind kind) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("vhost", "queue")
                .callback(callback -> each((queue, report) ->
                        callback.call((double) report.counts().get(kind), queue.vhost(), queue.name())))
                .register(metrics.registry());
    }

    private void confirms(Metrics metrics) {
        GaugeWithCallback.builder()
                .name("rabbitmq_queue_confirm_latency_seconds")
                .help("How long persistent publishes wait for their confirm, since the broker started.")
                .labelNames("vhost", "queue", "percentile")
                // No more have a histogram than may; those need not be the ones above.
                .callback(callback -> each(Integer.MAX_VALUE, (queue, report) -> {
                    Latency latency = report.confirms();
                    if (latency != null) {
                        Latency.Percentiles p = latency.percentiles();
                        callback.call(p.p50(), queue.vhost(), queue.name(), "50");
                        callback.call(p.p95(), queue.vhost(), queue.name(), "95");
                        callback.call(p.p99(), queue.vhost(), queue.name(), "99");
                        callback.call(p.p999(), queue.vhost(), queue.name(), "99.9");
                        callback.call(p.max(), queue.vhost(), queue.name(), "100");
                    }
                }))
                .register(metrics.registry());
    }

    private void exchanges(Metrics metrics) {
        exchange(
                metrics,
                "rabbitmq_exchange_messages_published_in_total",
                "Messages published.",
                Snapshot.ExchangeCounts::in);
        exchange(
                metrics,
                "rabbitmq_exchange_messages_published_out_total",
                "Messages handed to queues.",
                Snapshot.ExchangeCounts::out);
        exchange(
                metrics,
                "rabbitmq_exchange_messages_unroutable_total",
                "Messages no queue took.",
                Snapshot.ExchangeCounts::unroutable);
    }

    private void exchange(Metrics metrics, String name, String help, ToDoubleFunction<Snapshot.ExchangeCounts> value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("vhost", "exchange")
                .callback(callback -> {
                    Snapshot last = survey.last();
                    if (last != null) {
                        last.exchanges().forEach((exchange, counts) -> {
                            if (counts.in() > 0) {
                                callback.call(value.applyAsDouble(counts), exchange.vhost(), exchange.name());
                            }
                        });
                    }
                })
                .register(metrics.registry());
    }
}
