package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.stats.Counts.Kind;
import io.plinth.mqbroker.stats.Latency;
import io.plinth.mqbroker.stats.QueueReport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What is told of queues. What RabbitMQ tells of Erlang's processes and of its message store is not among it. */
final class QueueGroups {
    static final String CONSUMER_COUNT = "queue_consumer_count";

    static final String METRICS = "queue_metrics";

    /** With these RabbitMQ shows {@code queue_info}, too. */
    static final List<String> WITH_INFO = List.of("queue_coarse_metrics", CONSUMER_COUNT, METRICS);

    private static final List<String> LABELS = List.of("vhost", "queue");

    /** A queue and its numbers. */
    private record Queue(QueueRef ref, QueueReport report, long now) {}

    private record Percentile(Queue queue, String percentile, double seconds) {}

    private QueueGroups() {}

    private static Stream<Queue> queues(View view) {
        long now = view.nowMillis();
        return view.topologies()
                .flatMap(topology -> topology.queues().stream())
                .map(ref -> new Queue(ref, view.snapshot().queue(ref.id()), now));
    }

    private static List<String> labels(Queue queue) {
        return List.of(queue.ref().vhost(), queue.ref().name());
    }

    private static Group<Queue> group(String name, List<Family<Queue>> families) {
        return new Group<>(name, LABELS, QueueGroups::labels, QueueGroups::queues, families);
    }

    private static Family<Queue> number(String name, String help, ToDoubleFunction<QueueReport> value) {
        return Family.of("queue_" + name, help, queue -> value.applyAsDouble(queue.report()));
    }

    /** Of all queues together it counts those that are gone, too, so that it never falls. */
    private static Family<Queue> count(String name, String help, Kind kind) {
        return new Family<>(
                "queue_" + name + "_total",
                help,
                queue -> (double) queue.report().counts().get(kind),
                last -> (double) last.totals().get(kind));
    }

    static List<Group<?>> all() {
        List<Group<?>> all = new ArrayList<>();
        all.add(group(
                "queue_coarse_metrics",
                List.of(
                        number("messages_ready", "Messages that wait for a consumer", QueueReport::ready),
                        number("messages_unacked", "Messages with consumers", QueueReport::unacked),
                        number("messages", "Messages, ready or with consumers", QueueReport::messages))));
        all.add(group(CONSUMER_COUNT, List.of(consumers())));
        all.add(group(METRICS, metrics()));
        all.add(group(
                "queue_delivery_metrics",
                List.of(
                        count("get_ack", "Messages got, to be acknowledged", Kind.GET),
                        count("get", "Messages got that need no acknowledgement", Kind.GET_NO_ACK),
                        count("messages_delivered_ack", "Deliveries to be acknowledged", Kind.DELIVER),
                        count("messages_delivered", "Deliveries that need no acknowledgement", Kind.DELIVER_NO_ACK),
                        count("messages_redelivered", "Deliveries of messages again", Kind.REDELIVER),
                        count("messages_acked", "Acknowledgements", Kind.ACK),
                        count("get_empty", "Times that nothing was there to get", Kind.GET_EMPTY))));
        all.add(group(
                "channel_queue_exchange_metrics",
                List.of(new Family<>(
                        "queue_messages_published_total",
                        "Messages that came to queues",
                        queue -> (double) queue.report().counts().get(Kind.PUBLISH),
                        last -> (double) last.routed().out()))));
        all.add(own());
        all.add(confirms());
        return all;
    }

    private static Family<Queue> consumers() {
        return number("consumers", "Consumers", report -> report.consumers().size());
    }

    /** As in RabbitMQ the sum of all queues, too, though none means much; a stream has none. */
    private static Family<Queue> capacity(String name, String help) {
        return new Family<>(
                "queue_" + name,
                help,
                queue -> queue.report().capacity(),
                last -> last.queues().values().stream()
                        .mapToDouble(QueueReport::capacity)
                        .filter(fraction -> !Double.isNaN(fraction))
                        .sum());
    }

    private static List<Family<Queue>> metrics() {
        return List.of(
                consumers(),
                capacity("consumer_capacity", "For how much of the time its consumers have room, from 0 to 1"),
                capacity("consumer_utilisation", "The same by its older name"),
                number(
                        "process_memory_bytes",
                        "Octets of its messages",
                        report -> report.readyBytes() + report.unackedBytes()),
                number("messages_ram", "Messages", QueueReport::messages),
                number("messages_ram_bytes", "Their octets", report -> report.readyBytes() + report.unackedBytes()),
                number("messages_ready_ram", "Messages that wait", QueueReport::ready),
                number("messages_unacked_ram", "Messages with consumers", QueueReport::unacked),
                number("messages_persistent", "Persistent messages", QueueReport::persistent),
                number("messages_persistent_bytes", "Octets of persistent messages", QueueReport::persistentBytes),
                number(
                        "messages_bytes",
                        "Octets of all messages",
                        report -> report.readyBytes() + report.unackedBytes()),
                number("messages_ready_bytes", "Octets of the messages that wait", QueueReport::readyBytes),
                number("messages_unacked_bytes", "Octets of the messages with consumers", QueueReport::unackedBytes),
                new Family<>(
                        "queue_head_message_timestamp",
                        "What the first message says as its time",
                        queue -> queue.report().headTimestamp() < 0
                                ? Double.NaN
                                : queue.report().headTimestamp(),
                        last -> Double.NaN));
    }

    /** What RabbitMQ does not tell. */
    private static Group<Queue> own() {
        return group(
                "queue_age_metrics",
                List.of(new Family<>(
                        "queue_oldest_message_age_seconds",
                        "How long the oldest ready message has waited, to about a second",
                        QueueGroups::age,
                        last -> Double.NaN)));
    }

    private static double age(Queue queue) {
        long came = queue.report().cameAt();
        return came == 0 ? 0 : Math.max(0, queue.now() - came) / 1000.0;
    }

    private static Group<Percentile> confirms() {
        return new Group<>(
                "queue_confirm_metrics",
                List.of("vhost", "queue", "percentile"),
                p -> List.of(p.queue().ref().vhost(), p.queue().ref().name(), p.percentile()),
                view -> queues(view).flatMap(QueueGroups::percentiles),
                List.of(new Family<>(
                        "queue_confirm_latency_seconds",
                        "How long persistent publishes wait for their confirm, since the broker started",
                        Percentile::seconds,
                        last -> Double.NaN)));
    }

    private static Stream<Percentile> percentiles(Queue queue) {
        Latency latency = queue.report().confirms();
        if (latency == null) {
            return Stream.of();
        }
        Latency.Percentiles p = latency.percentiles();
        return Stream.of(
                new Percentile(queue, "50", p.p50()),
                new Percentile(queue, "95", p.p95()),
                new Percentile(queue, "99", p.p99()),
                new Percentile(queue, "99.9", p.p999()),
                new Percentile(queue, "100", p.max()));
    }

    /** Its type, as RabbitMQ tells it: {@code rabbit_classic_queue} and so on; there is one node, and it leads. */
    static Group<QueueRef> info() {
        Function<QueueRef, List<String>> labels = ref -> {
            String type = ref.arguments().string("x-queue-type");
            return List.of(ref.vhost(), ref.name(), "rabbit_" + (type == null ? "classic" : type) + "_queue", "leader");
        };
        return new Group<>(
                "queue_info",
                List.of("vhost", "queue", "queue_type", "membership"),
                labels,
                view -> view.topologies().flatMap(topology -> topology.queues().stream()),
                List.of(Family.of("queue_info", "Always 1", ref -> 1)));
    }
}
