package io.plinth.lbproxy.admin;

import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.measure.Latencies;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.Server;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Sums what the event loops counted whenever metrics are asked for. A reload keeps every count by its name. */
public final class ProxyMetrics {
    private static final String[] CLASSES = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    private static final String[] WORKER_COUNTERS = {
        "lb_proxy_connections", "Client connections accepted",
        "lb_proxy_connections_closed", "Client connections that have ended",
        "lb_proxy_retries", "Requests tried on another server",
        "lb_proxy_rejected_requests", "Requests refused as malformed or over a limit",
        "lb_proxy_unrouted_requests", "Requests no route matched",
        "lb_proxy_limited_requests", "Requests over a rate limit",
        "lb_proxy_slow_clients", "Requests and connections ended since their client was below a minimum rate",
        "lb_proxy_hedges", "Requests sent to a second server since the first took long",
        "lb_proxy_hedges_won", "Requests that the second server answered",
        "lb_proxy_mirrored_requests", "Requests copied to a mirror",
        "lb_proxy_mirror_dropped", "Requests not copied to a mirror: too large, or too many under way"
    };

    private final int loops;
    private final LongSupplier nanoTime;
    private final ConcurrentMap<String, Latencies> routeLatencies = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, List<Tally>> statuses = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, List<LatencyTally>> latencies = new ConcurrentHashMap<>();

    public ProxyMetrics(int loops, LongSupplier nanoTime) {
        this.loops = loops;
        this.nanoTime = nanoTime;
    }

    /** A route's counts by status class, one per loop. */
    public List<Tally> statuses(String route) {
        return statuses.computeIfAbsent(route, name -> {
            List<Tally> tallies = new ArrayList<>();
            for (int i = 0; i < loops; i++) {
                tallies.add(new Tally(CLASSES.length));
            }
            return List.copyOf(tallies);
        });
    }

    /** A route's latencies. */
    public Latencies routeLatencies(String route) {
        return routeLatencies.computeIfAbsent(route, name -> new Latencies(loops, nanoTime));
    }

    /** Forgets whatever is of other routes and pools. */
    public void keep(Set<String> routes, Set<String> pools) {
        statuses.keySet().retainAll(routes);
        routeLatencies.keySet().retainAll(routes);
        latencies.keySet().retainAll(pools);
    }

    /** A pool's latencies, one histogram per loop. */
    public List<LatencyTally> latencies(String pool) {
        return latencies.computeIfAbsent(pool, name -> {
            List<LatencyTally> tallies = new ArrayList<>();
            for (int i = 0; i < loops; i++) {
                tallies.add(new LatencyTally());
            }
            return List.copyOf(tallies);
        });
    }

    /**
     * Shows everything under the registry.
     *
     * @param workers counters of each loop, in the order of the worker's constants
     * @param refused connections over the limit
     * @param refusedByAddress connections over the limit of their address
     * @param spans those that a collector took
     * @param spansDropped those that none got
     * @param dropped lines missing in the access log
     */
    public void register(
            PrometheusRegistry registry,
            List<Tally> workers,
            Supplier<? extends Collection<Pool>> pools,
            LongSupplier refused,
            LongSupplier refusedByAddress,
            LongSupplier dropped,
            LongSupplier spans,
            LongSupplier spansDropped) {
        registry.register((MultiCollector) () -> {
            List<MetricSnapshot> all = new ArrayList<>();
            for (int i = 0; i * 2 < WORKER_COUNTERS.length; i++) {
                all.add(counter(WORKER_COUNTERS[i * 2], WORKER_COUNTERS[i * 2 + 1], sum(workers, i)));
            }
            all.add(counter("lb_proxy_refused_connections", "Connections over the limit", refused.getAsLong()));
            all.add(counter(
                    "lb_proxy_refused_by_address",
                    "Connections over their address's limit",
                    refusedByAddress.getAsLong()));
            all.add(counter("lb_proxy_access_log_dropped", "Lines not written", dropped.getAsLong()));
            all.add(counter("lb_proxy_spans", "Spans that the collector took", spans.getAsLong()));
            all.add(counter("lb_proxy_spans_dropped", "Spans that no collector got", spansDropped.getAsLong()));
            all.add(requests());
            all.add(upstreamSeconds());
            pools(all, pools.get(), nanoTime.getAsLong());
            all.add(LatencySummaries.routes(routeLatencies));
            LatencySummaries.pools(all, pools.get());
            return new MetricSnapshots(all);
        });
    }

    private static CounterSnapshot counter(String name, String help, long value) {
        return CounterSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .value((double) value)
                        .build())
                .build();
    }

    private static long sum(List<Tally> tallies, int index) {
        return tallies.stream().mapToLong(tally -> tally.get(index)).sum();
    }

    private CounterSnapshot requests() {
        CounterSnapshot.Builder counter =
                CounterSnapshot.builder().name("lb_proxy_requests").help("Requests by route and status class");
        statuses.forEach((route, tallies) -> {
            for (int i = 0; i < CLASSES.length; i++) {
                counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .labels(Labels.of("route", route, "status", CLASSES[i]))
                        .value((double) sum(tallies, i))
                        .build());
            }
        });
        return counter.build();
    }

    private HistogramSnapshot upstreamSeconds() {
        HistogramSnapshot.Builder histogram = HistogramSnapshot.builder()
                .name("lb_proxy_upstream_seconds")
                .help("From the request sent to the first byte of its response, by pool");
        double[] bounds = LatencyTally.boundsSeconds();
        latencies.forEach((pool, tallies) -> {
            long[] counts = new long[bounds.length];
            for (int i = 0; i < bounds.length; i++) {
                int bucket = i;
                counts[i] =
                        tallies.stream().mapToLong(tally -> tally.count(bucket)).sum();
            }
            histogram.dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .labels(Labels.of("pool", pool))
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, counts))
                    .sum(tallies.stream().mapToDouble(LatencyTally::sumSeconds).sum())
                    .build());
        });
        return histogram.build();
    }

    private static void pools(List<MetricSnapshot> all, Collection<Pool> pools, long now) {
        GaugeSnapshot.Builder available =
                GaugeSnapshot.builder().name("lb_proxy_servers_available").help("Servers a request may go to, by pool");
        GaugeSnapshot.Builder open =
                GaugeSnapshot.builder().name("lb_proxy_upstream_connections").help("Connections to servers, by pool");
        GaugeSnapshot.Builder waiting =
                GaugeSnapshot.builder().name("lb_proxy_waiting_requests").help("Requests waiting for a connection");
        GaugeSnapshot.Builder broken = GaugeSnapshot.builder()
                .name("lb_proxy_breaker_open")
                .help("1 while a pool's circuit breaker is not closed");
        GaugeSnapshot.Builder panic = GaugeSnapshot.builder()
                .name("lb_proxy_panic")
                .help("1 while so few servers are left that ejections do not count");
        CounterSnapshot.Builder requests = CounterSnapshot.builder()
                .name("lb_proxy_server_requests")
                .help("Requests sent, by server and the status class of the answer");
        CounterSnapshot.Builder ejections = CounterSnapshot.builder()
                .name("lb_proxy_ejections")
                .help("Servers left alone after a failed connect or as an outlier");
        for (Pool pool : pools) {
            Labels labels = Labels.of("pool", pool.name());
            available.dataPoint(gauge(labels, pool.available(now)));
            open.dataPoint(gauge(
                    labels,
                    pool.connections().stream().mapToInt(Integer::intValue).sum()));
            waiting.dataPoint(gauge(labels, pool.waiting()));
            CircuitBreaker breaker = pool.breaker();
            boolean closed = breaker == null || breaker.state() == CircuitBreaker.State.CLOSED;
            broken.dataPoint(gauge(labels, closed ? 0 : 1));
            panic.dataPoint(gauge(labels, pool.panic() ? 1 : 0));
            for (Server server : pool.servers()) {
                for (int i = 0; i < CLASSES.length; i++) {
                    requests.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                            .labels(Labels.of("pool", pool.name(), "server", server.name(), "status", CLASSES[i]))
                            .value((double) server.outcomes().ofClass(i))
                            .build());
                }
                ejections.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .labels(Labels.of("pool", pool.name(), "server", server.name()))
                        .value((double) server.ejections())
                        .build());
            }
        }
        all.add(available.build());
        all.add(open.build());
        all.add(waiting.build());
        all.add(broken.build());
        all.add(panic.build());
        all.add(requests.build());
        all.add(ejections.build());
    }

    private static GaugeSnapshot.GaugeDataPointSnapshot gauge(Labels labels, double value) {
        return GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(labels)
                .value(value)
                .build();
    }
}
