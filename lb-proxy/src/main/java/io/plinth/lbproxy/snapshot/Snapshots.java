package io.plinth.lbproxy.snapshot;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.net.TlsException;
import io.plinth.lbproxy.LbProxyConfig;
import io.plinth.lbproxy.LbProxyConfig.TimeoutsConfig;
import io.plinth.lbproxy.admin.ProxyMetrics;
import io.plinth.lbproxy.config.PoolConfig;
import io.plinth.lbproxy.config.RouteConfig;
import io.plinth.lbproxy.discovery.Discovery;
import io.plinth.lbproxy.discovery.Source;
import io.plinth.lbproxy.route.RouteRule;
import io.plinth.lbproxy.route.RouteTable;
import io.plinth.lbproxy.upstream.Connector;
import io.plinth.lbproxy.upstream.HealthChecks;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.PoolSettings;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns the file into the snapshot that every loop reads. Written by the node's runner thread only; a pool whose
 * settings and servers are as before stays the same object, so it keeps its connections, health and latencies.
 */
public final class Snapshots {
    private final List<Connector> connectors;
    private final ProxyMetrics metrics;
    private final HealthChecks healthChecks;
    private final Discovery discovery;
    private final LongSupplier nanoTime;
    private Map<String, RouteTargets.Limited> rateLimits = Map.of();
    private volatile @Nullable Snapshot current;

    public Snapshots(
            List<Connector> connectors,
            ProxyMetrics metrics,
            HealthChecks healthChecks,
            Discovery discovery,
            LongSupplier nanoTime) {
        this.discovery = discovery;
        this.nanoTime = nanoTime;
        this.connectors = List.copyOf(connectors);
        this.metrics = metrics;
        this.healthChecks = healthChecks;
    }

    /** What holds now. */
    public Snapshot current() {
        Snapshot known = current;
        if (known == null) {
            throw new IllegalStateException("no snapshot before the first swap");
        }
        return known;
    }

    /** Makes {@code config} what holds from now on, or throws and changes nothing. */
    public void swap(LbProxyConfig config, StackFile file) throws ConfigException {
        Snapshot before = current;
        ProxySettings settings = settings(config, file);
        if (before != null && before.settings().equals(settings)) {
            // The same object, so that exchanges go on being reused.
            settings = before.settings();
        }
        Map<String, Pool> pools = new HashMap<>();
        List<Pool> fresh = new ArrayList<>();
        List<Source> sources = new ArrayList<>();
        Map<String, List<ServerSettings>> named = new HashMap<>();
        Map<Pool, List<ServerSettings>> moved = new HashMap<>();
        RouteTargets targets = new RouteTargets(metrics, config, file, nanoTime, rateLimits);
        List<RouteRule<RouteTarget>> rules = new ArrayList<>();
        try {
            for (Map.Entry<String, PoolConfig> entry : config.pools().entrySet()) {
                String name = entry.getKey();
                PoolSettings wanted = PoolPlan.settings(name, entry.getValue(), config, file);
                Source source = PoolPlan.source(name, entry.getValue(), file);
                sources.add(source);
                named.put(name, PoolPlan.servers(name, entry.getValue(), file));
                List<ServerSettings> servers = discovery.servers(source, named.getOrDefault(name, List.of()));
                Pool kept = before == null ? null : before.pools().get(name);
                if (kept != null && kept.settings().equals(wanted)) {
                    moved.put(kept, servers);
                    pools.put(name, kept);
                } else {
                    Pool made = pool(wanted, servers, file);
                    fresh.add(made);
                    pools.put(name, made);
                }
            }
            for (Map.Entry<String, RouteConfig> entry : config.routes().entrySet()) {
                rules.add(targets.rule(entry.getKey(), entry.getValue(), pools));
            }
        } catch (ConfigException | RuntimeException e) {
            fresh.forEach(pool -> pool.retire(null));
            throw e;
        }
        rateLimits = targets.rateLimits();
        current = new Snapshot(settings, new RouteTable<>(rules), pools);
        metrics.keep(config.routes().keySet(), pools.keySet());
        moved.forEach(Pool::update);
        healthChecks.follow(checks(config), pools);
        discovery.follow(sources, named);
        if (before != null) {
            before.pools().values().stream()
                    .filter(pool -> pools.get(pool.name()) != pool)
                    .forEach(pool -> pool.retire(pools.get(pool.name())));
        }
    }

    private Pool pool(PoolSettings wanted, List<ServerSettings> servers, StackFile file) throws ConfigException {
        try {
            return new Pool(wanted, servers, connectors);
        } catch (TlsException e) {
            throw problem(file, "lb-proxy.pools." + wanted.name() + ".tls: " + e.getMessage());
        }
    }

    private static Map<String, HealthCheckConfig> checks(LbProxyConfig config) {
        Map<String, HealthCheckConfig> checks = new HashMap<>();
        config.pools().forEach((name, pool) -> {
            HealthCheckConfig check = pool.health();
            if (check != null) {
                checks.put(name, check);
            }
        });
        return checks;
    }

    private static ProxySettings settings(LbProxyConfig config, StackFile file) throws ConfigException {
        LbProxyConfig.LimitsConfig limits = config.limits();
        TimeoutsConfig timeouts = config.timeouts();
        Http1Limits http1 = new Http1Limits(
                size(limits.requestLine()),
                size(limits.headerBytes()),
                limits.headers(),
                size(limits.chunkLine()),
                size(limits.trailerBytes()));
        LbProxyConfig.Http2Config http2 = limits.http2();
        Http2Limits frames = new Http2Limits(
                http2.streams(),
                size(http2.streamWindow()),
                size(http2.connectionWindow()),
                size(limits.headerBytes()),
                limits.headers(),
                http2.continuations(),
                http2.resets(),
                http2.control(),
                size(http2.tableSize()));
        try {
            return new ProxySettings(
                    http1,
                    frames,
                    size(limits.readAhead()),
                    size(limits.replay()),
                    config.traceparent(),
                    config.tracing() == null ? 0 : config.tracing().sample(),
                    config.tracing() != null && config.tracing().parents(),
                    config.forwarded().via(),
                    new TrustedProxies(config.forwarded().trust()),
                    new ProxySettings.Timeouts(
                            timeouts.header().toNanos(),
                            timeouts.headerMax().toNanos(),
                            timeouts.keepAlive().toNanos(),
                            timeouts.queue().toNanos(),
                            timeouts.connect().toNanos(),
                            timeouts.response().toNanos(),
                            timeouts.stream().toNanos(),
                            timeouts.tunnel().toNanos()),
                    new ProxySettings.Rates(
                            config.minRate().head().bytes(),
                            config.minRate().body().bytes(),
                            config.minRate().response().bytes()));
        } catch (IllegalArgumentException e) {
            throw problem(file, "lb-proxy.forwarded.trust: " + e.getMessage());
        }
    }

    private static int size(DataSize size) {
        return Math.toIntExact(size.bytes());
    }

    static ConfigException problem(StackFile file, String message) {
        return new ConfigException(List.of(new Problem(file.path().toString(), 1, 1, message)));
    }

    /** Closes idle connections of every pool. */
    public void close() {
        Snapshot known = current;
        if (known != null) {
            known.pools().values().forEach(pool -> pool.retire(null));
        }
    }
}
