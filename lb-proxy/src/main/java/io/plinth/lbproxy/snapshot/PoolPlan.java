package io.plinth.lbproxy.snapshot;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.StackFile;
import io.plinth.lbproxy.LbProxyConfig;
import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.config.PoolConfig;
import io.plinth.lbproxy.discovery.Source;
import io.plinth.lbproxy.upstream.PoolSettings;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Turns the file's pools into what pools are made of. On the node's runner thread, since it looks names up. */
final class PoolPlan {
    private PoolPlan() {}

    static PoolSettings settings(String name, PoolConfig pool, LbProxyConfig config, StackFile file)
            throws ConfigException {
        PoolConfig.OutliersConfig outliers = pool.outliers();
        return new PoolSettings(
                name,
                PoolSettings.Balance.valueOf(pool.balance().name()),
                pool.hash().by(),
                pool.hash().bound(),
                sticky(pool.sticky()),
                new PoolSettings.Outliers(
                        outliers.consecutive(),
                        outliers.interval(),
                        outliers.minRequests(),
                        outliers.deviation(),
                        outliers.panic()),
                breaker(pool.breaker()),
                pool.retryBudget().percent(),
                pool.retryBudget().min(),
                pool.slowStart(),
                tls(name, pool.tls(), file),
                PoolSettings.ProxyHeader.valueOf(pool.proxyProtocol().name()),
                mayBeHttp2(pool) ? http2(pool, config.limits()) : null,
                pool.protocol() == PoolConfig.ProtocolConfig.AUTO,
                hedge(pool.hedge()),
                pool.maxPerServer(),
                pool.idlePerServer(),
                pool.queue(),
                config.timeouts().connect(),
                config.timeouts().serverIdle(),
                pool.eject(),
                pool.ejectMax());
    }

    private static boolean mayBeHttp2(PoolConfig pool) {
        return switch (pool.protocol()) {
            case HTTP1 -> false;
            case HTTP2 -> true;
            case AUTO -> pool.tls() != null;
        };
    }

    private static PoolSettings.@Nullable Tls tls(
            String name, PoolConfig.@Nullable UpstreamTlsConfig tls, StackFile file) throws ConfigException {
        if (tls == null) {
            return null;
        }
        Path folder = file.path().toAbsolutePath().getParent();
        @Nullable Path[] paths = {tls.ca(), tls.cert(), tls.key()};
        StringBuilder fingerprint = new StringBuilder();
        for (int i = 0; i < paths.length; i++) {
            if (paths[i] != null && folder != null) {
                paths[i] = folder.resolve(paths[i]);
            }
            if (paths[i] != null) {
                try {
                    fingerprint
                            .append(Arrays.hashCode(Files.readAllBytes(paths[i])))
                            .append(' ');
                } catch (IOException e) {
                    throw Snapshots.problem(
                            file, "lb-proxy.pools." + name + ".tls: " + paths[i] + " cannot be read (expected: PEM)");
                }
            }
        }
        return new PoolSettings.Tls(tls.verify(), paths[0], tls.name(), paths[1], paths[2], fingerprint.toString());
    }

    /** What servers may send is bounded as clients are, but for floods, as servers are ours. */
    private static Http2Limits http2(PoolConfig pool, LbProxyConfig.LimitsConfig limits) {
        LbProxyConfig.Http2Config http2 = limits.http2();
        return new Http2Limits(
                pool.streams(),
                Math.toIntExact(http2.streamWindow().bytes()),
                Math.toIntExact(http2.connectionWindow().bytes()),
                Math.toIntExact(limits.headerBytes().bytes()),
                limits.headers(),
                http2.continuations(),
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Math.toIntExact(http2.tableSize().bytes()));
    }

    private static PoolSettings.@Nullable Hedge hedge(PoolConfig.@Nullable HedgeConfig hedge) {
        return hedge == null
                ? null
                : new PoolSettings.Hedge(hedge.percentile(), hedge.min().toNanos(), hedge.minRequests());
    }

    private static PoolSettings.@Nullable Sticky sticky(PoolConfig.@Nullable StickyConfig sticky) {
        return sticky == null
                ? null
                : new PoolSettings.Sticky(sticky.cookie(), sticky.ttl().toSeconds());
    }

    private static CircuitBreaker.@Nullable Settings breaker(PoolConfig.@Nullable BreakerConfig breaker) {
        return breaker == null
                ? null
                : new CircuitBreaker.Settings(
                        breaker.failures(),
                        breaker.minRequests(),
                        breaker.window().toNanos(),
                        breaker.open().toNanos(),
                        breaker.trials());
    }

    /** Where its servers are looked up. */
    static Source source(String name, PoolConfig pool, StackFile file) {
        Path folder = file.path().toAbsolutePath().getParent();
        Path list = pool.file();
        return new Source(name, pool.dns(), list == null || folder == null ? list : folder.resolve(list));
    }

    /** The servers that the file itself names. */
    static List<ServerSettings> servers(String name, PoolConfig pool, StackFile file) throws ConfigException {
        List<ServerSettings> servers = new ArrayList<>();
        if (pool.app() != null) {
            for (Map.Entry<String, HostPort> at : new TreeMap<>(file.instances(pool.app())).entrySet()) {
                servers.add(new ServerSettings(at.getKey(), resolve(file, name, at.getValue()), 1, false));
            }
        }
        for (Map.Entry<String, PoolConfig.ServerConfig> server : new TreeMap<>(pool.servers()).entrySet()) {
            servers.add(new ServerSettings(
                    server.getKey(),
                    resolve(file, name, server.getValue().at()),
                    server.getValue().weight(),
                    false));
        }
        return servers;
    }

    private static InetSocketAddress resolve(StackFile file, String pool, HostPort at) throws ConfigException {
        InetSocketAddress address = new InetSocketAddress(at.host(), at.port());
        if (address.isUnresolved()) {
            throw Snapshots.problem(
                    file,
                    "lb-proxy.pools." + pool + ": host " + at.host() + " cannot be resolved; write its "
                            + "address, or make the name known");
        }
        return address;
    }
}
