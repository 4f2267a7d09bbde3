package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.management.survey.Snapshot;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What is told of exchanges and virtual hosts. */
final class ExchangeGroups {
    private ExchangeGroups() {}

    private static Stream<Exchange> exchanges(View view) {
        return view.topologies().flatMap(topology -> topology.exchanges().stream());
    }

    private record Used(Exchange exchange, Snapshot.ExchangeCounts counts) {}

    private static Stream<Used> used(View view) {
        return view.snapshot().exchanges().entrySet().stream()
                .filter(entry -> entry.getValue().in() > 0
                        && view.vhosts().test(entry.getKey().vhost()))
                .map(entry -> new Used(entry.getKey(), entry.getValue()));
    }

    /** Of all exchanges together it counts those that are gone, too, so that it never falls. */
    private static Family<Used> count(String name, String help, ToDoubleFunction<Snapshot.ExchangeCounts> value) {
        return new Family<>(
                "exchange_messages_" + name + "_total",
                help,
                used -> value.applyAsDouble(used.counts()),
                last -> value.applyAsDouble(last.routed()));
    }

    /** Of each exchange that was published to. */
    static List<Group<?>> all() {
        return List.of(new Group<>(
                "exchange_metrics",
                List.of("vhost", "exchange"),
                used -> List.of(used.exchange().vhost(), used.exchange().name()),
                ExchangeGroups::used,
                List.of(
                        count("published", "Messages published to it", Snapshot.ExchangeCounts::in),
                        count("published_in", "Messages published to it", Snapshot.ExchangeCounts::in),
                        count("published_out", "Messages it handed to queues", Snapshot.ExchangeCounts::out),
                        count("unroutable", "Messages no queue took", Snapshot.ExchangeCounts::unroutable))));
    }

    private static Group<Exchange> each(String group, Family<Exchange> family) {
        return new Group<>(
                group,
                List.of("vhost", "exchange", "type"),
                exchange -> List.of(
                        exchange.vhost(), exchange.name(), exchange.type().text()),
                ExchangeGroups::exchanges,
                List.of(family));
    }

    /** Only where {@code /metrics/detailed} is asked for them. */
    static List<Group<?>> ofCluster() {
        return List.of(
                new Group<Topology>(
                        "vhost_status",
                        List.of("vhost"),
                        topology -> List.of(topology.vhost()),
                        View::topologies,
                        List.of(Family.of("vhost_status", "1: it is served", topology -> 1))),
                each("exchange_names", Family.of("exchange_name", "Always 1", exchange -> 1)),
                each(
                        "exchange_bindings",
                        Family.of(
                                "exchange_bindings",
                                "Its bindings",
                                exchange -> exchange.bindings().size())));
    }
}
