package io.plinth.geodns.admin;

import io.plinth.geodns.answer.NumberedCounters;
import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.listen.TcpListener;
import io.plinth.geodns.load.Numbers;
import io.plinth.geodns.load.Registry;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.ResponseCode;
import io.plinth.kit.metrics.Metrics;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** What a scrape sees: the loops' own counters summed up, and the snapshot in use. */
public final class GeoDnsMetrics {
    private final Map<String, List<QueryCounters>> byTransport =
            Map.of("udp", new CopyOnWriteArrayList<>(), "tcp", new CopyOnWriteArrayList<>());

    /** Counters for one loop's sockets of a transport, {@code udp} or {@code tcp}. */
    public QueryCounters counters(String transport) {
        QueryCounters counters = new QueryCounters();
        List<QueryCounters> all = byTransport.get(transport);
        if (all == null) {
            throw new IllegalArgumentException("transport: " + transport + " (expected: udp or tcp)");
        }
        all.add(counters);
        return counters;
    }

    /** Registers everything. */
    public void register(
            Metrics metrics, TcpListener tcp, Supplier<Snapshot> snapshot, Health health, Registry registry) {
        CounterWithCallback.builder()
                .name("geodns_queries_total")
                .help("Queries answered, by transport and response code.")
                .labelNames("transport", "rcode")
                .callback(callback -> byTransport.forEach((transport, all) -> {
                    for (ResponseCode code : ResponseCode.values()) {
                        callback.call(sum(all, counters -> counters.queries(code)), transport, code.name());
                    }
                }))
                .register(metrics.registry());
        for (QueryCounters.Event event : QueryCounters.Event.values()) {
            CounterWithCallback.builder()
                    .name("geodns_" + event.name().toLowerCase(Locale.ROOT) + "_total")
                    .help(help(event))
                    .labelNames("transport")
                    .callback(callback -> byTransport.forEach(
                            (transport, all) -> callback.call(sum(all, counters -> counters.events(event)), transport)))
                    .register(metrics.registry());
        }
        metrics.gauge("geodns_tcp_connections", "TCP connections open.", tcp::connections);
        CounterWithCallback.builder()
                .name("geodns_tcp_refused_total")
                .help("TCP connections closed at once, as there were tcp.connections already.")
                .callback(callback -> callback.call((double) tcp.refused()))
                .register(metrics.registry());
        numbered(metrics, "zone", "Answers of a zone.", registry.zones(), QueryCounters::zones);
        numbered(metrics, "policy", "Answers of a policy.", registry.policies(), QueryCounters::policies);
        numbered(metrics, "target", "Answers with a policy's member.", registry.members(), QueryCounters::members);
        state(metrics, snapshot, health);
    }

    private void numbered(
            Metrics metrics,
            String what,
            String help,
            Numbers numbers,
            Function<QueryCounters, NumberedCounters> counters) {
        CounterWithCallback.builder()
                .name("geodns_" + what + "_answers_total")
                .help(help)
                .labelNames(what)
                .callback(callback -> numbers.all()
                        .forEach((name, number) -> callback.call(
                                byTransport.values().stream()
                                        .mapToDouble(all -> sum(
                                                all,
                                                each -> counters.apply(each).get(number)))
                                        .sum(),
                                name)))
                .register(metrics.registry());
    }

    private static String help(QueryCounters.Event event) {
        return switch (event) {
            case IGNORED -> "Messages that deserve no answer: no whole header, or themselves a response.";
            case TRUNCATED -> "Answers that did not fit and were replaced by the TC bit.";
            case DROPPED -> "Queries dropped, as the socket takes no more answers.";
            case LIMITED -> "Answers not sent, as the network had its share of them.";
            case SLIPPED -> "Answers truncated, as the network had its share of them.";
            case FAULT -> "Queries answered SERVFAIL for a fault of the server.";
        };
    }

    private static void state(Metrics metrics, Supplier<Snapshot> snapshot, Health health) {
        metrics.gauge(
                "geodns_zones",
                "Zones served.",
                () -> snapshot.get().zones().all().size());
        metrics.gauge(
                "geodns_zones_broken",
                "Zones whose text could not be read last: they keep their last good version.",
                () -> snapshot.get().zones().broken().size());
        metrics.gauge(
                "geodns_database_loaded",
                "1 with a country database; 0 where policies answer their default region instead.",
                () -> snapshot.get().geo().places() == null ? 0 : 1);
        GaugeWithCallback.builder()
                .name("geodns_target_healthy")
                .help("1 for a target that may be answered, 0 for one whose probes fail.")
                .labelNames("policy", "region", "address")
                .callback(callback -> {
                    for (Policy policy : snapshot.get().policies().all()) {
                        for (Target target : policy.targets()) {
                            callback.call(
                                    health.healthy(target) ? 1 : 0, target.policy(), target.region(), target.address());
                        }
                    }
                })
                .register(metrics.registry());
        GaugeWithCallback.builder()
                .name("geodns_policy_all_down")
                .help("1 where no target of a policy is healthy, so that it answers as if all were.")
                .labelNames("policy")
                .callback(callback -> {
                    Snapshot now = snapshot.get();
                    for (Policy policy : now.policies().all()) {
                        callback.call(now.policies().allDown(policy) ? 1 : 0, policy.name());
                    }
                })
                .register(metrics.registry());
    }

    private static double sum(List<QueryCounters> all, ToLongFunction<QueryCounters> count) {
        return all.stream().mapToLong(count).sum();
    }
}
