package io.plinth.lbproxy;

import io.netty.channel.EventLoop;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.ServerTls;
import io.plinth.kit.net.TlsException;
import io.plinth.kit.tracing.SpanExporter;
import io.plinth.lbproxy.LbProxyConfig.AccessLogConfig;
import io.plinth.lbproxy.LbProxyConfig.ListenerConfig;
import io.plinth.lbproxy.LbProxyConfig.TlsConfig;
import io.plinth.lbproxy.admin.AccessFormat;
import io.plinth.lbproxy.admin.AccessLane;
import io.plinth.lbproxy.admin.AccessLog;
import io.plinth.lbproxy.admin.PoolStatus;
import io.plinth.lbproxy.admin.ProxyMetrics;
import io.plinth.lbproxy.discovery.Discovery;
import io.plinth.lbproxy.discovery.ServerControl;
import io.plinth.lbproxy.exchange.Explain;
import io.plinth.lbproxy.exchange.Worker;
import io.plinth.lbproxy.limit.AddressLimit;
import io.plinth.lbproxy.listen.ClientInitializer;
import io.plinth.lbproxy.listen.ConnectionLimit;
import io.plinth.lbproxy.snapshot.Snapshots;
import io.plinth.lbproxy.trace.RequestSpans;
import io.plinth.lbproxy.trace.Span;
import io.plinth.lbproxy.upstream.Connector;
import io.plinth.lbproxy.upstream.HealthChecks;
import io.plinth.lbproxy.upstream.Pool;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wires an lb-proxy node together. Owned by the runner thread. */
final class LbProxy implements Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(LbProxy.class);
    private static final int CLOSE_SECONDS = 2;
    private static final List<String> PROTOCOLS = List.of("h2", "http/1.1");

    private final NodeContext context;
    private final ProxyMetrics metrics;
    private final Snapshots snapshots;
    private final HealthChecks healthChecks;
    private final Discovery discovery;
    private final ConnectionLimit connectionLimit;
    private final AddressLimit addressLimit;
    private final List<Worker> workers = new ArrayList<>();
    private final List<Runnable> stops = new ArrayList<>();
    private final Map<String, ServerTls> tls = new LinkedHashMap<>();
    private final Map<String, InetSocketAddress> listening = new LinkedHashMap<>();
    private final @Nullable AccessLog accessLog;
    private final @Nullable SpanExporter<Span> spans;
    private LbProxyConfig config;
    private boolean closed;

    LbProxy(NodeContext context) throws ConfigException, TlsException {
        this.context = context;
        config = context.section(LbProxyConfig.class);
        List<EventLoop> loops = context.loops().all();
        SplittableRandom seeds = new SplittableRandom();
        List<Connector> connectors = new ArrayList<>();
        for (EventLoop loop : loops) {
            connectors.add(new Connector(loop, context.loops().clientChannel(), System::nanoTime, seeds.split()));
        }
        accessLog = accessLog(config.accessLog());
        LbProxyConfig.TracingConfig tracing = config.tracing();
        spans = tracing == null
                ? null
                : new SpanExporter<>(
                        URI.create(tracing.endpoint()),
                        tracing.queue(),
                        context.name(),
                        RequestSpans.of(context.name())::encode);
        metrics = new ProxyMetrics(loops.size(), System::nanoTime);
        healthChecks = new HealthChecks(
                new HealthMonitor(context.loops().clientChannel(), seeds.split()), loops, System::nanoTime);
        discovery = new Discovery(context.name(), context.loops(), healthChecks, this::pools);
        snapshots = new Snapshots(connectors, metrics, healthChecks, discovery, System::nanoTime);
        snapshots.swap(config, context.file());
        for (int i = 0; i < loops.size(); i++) {
            AccessLane lane = accessLog == null ? AccessLane.off() : accessLog.lane();
            workers.add(new Worker(
                    i,
                    loops.get(i),
                    snapshots::current,
                    context.clock(),
                    System::nanoTime,
                    seeds.split(),
                    lane,
                    spans));
        }
        connectionLimit = new ConnectionLimit(config.limits().connections());
        addressLimit = new AddressLimit(config.limits().connectionsPerAddress());
        metrics.register(
                context.metrics().registry(),
                workers.stream().map(Worker::counts).toList(),
                () -> snapshots.current().pools().values(),
                connectionLimit::refused,
                addressLimit::refused,
                accessLog == null ? () -> 0 : accessLog::dropped,
                spans == null ? () -> 0 : spans::exported,
                spans == null ? () -> 0 : spans::dropped);
        new ServerControl(discovery).register(context.admin());
        PoolStatus status = new PoolStatus(() -> snapshots.current().pools().values(), System::nanoTime);
        Explain explain = new Explain(workers, new SplittableRandom(seeds.nextLong()));
        context.admin().route("GET", "/explain", explain::answer);
        context.admin().route("GET", "/pools", request -> CompletableFuture.completedFuture(status.answer()));
    }

    private Map<String, Pool> pools() {
        return snapshots.current().pools();
    }

    private @Nullable AccessLog accessLog(AccessLogConfig log) {
        if (!log.on()) {
            return null;
        }
        Path file = log.file().equals("-") ? null : context.data().resolve(log.file());
        AccessFormat.Kind format = AccessFormat.Kind.valueOf(log.format().name());
        return new AccessLog(file, format, log.queue(), context.name(), context.clock());
    }

    @Override
    public void start() throws Exception {
        if (accessLog != null) {
            accessLog.start();
        }
        if (spans != null) {
            spans.start();
        }
        discovery.awaitFirst();
        for (Worker worker : workers) {
            stops.add(worker.start());
        }
        for (Map.Entry<String, ListenerConfig> entry : config.listeners().entrySet()) {
            ListenerConfig listener = entry.getValue();
            ServerTls secure = listener.tls() == null ? null : serverTls(listener.tls());
            if (secure != null) {
                tls.put(entry.getKey(), secure);
            }
            Listeners.Bound bound = context.listeners()
                    .tcp(
                            entry.getKey(),
                            listener.bind(),
                            new ClientInitializer(
                                    entry.getKey(),
                                    workers,
                                    connectionLimit,
                                    addressLimit,
                                    secure,
                                    listener.proxyProtocol(),
                                    listener.halfClose(),
                                    config.timeouts().handshake().toMillis()));
            listening.put(entry.getKey(), bound.address());
        }
    }

    private ServerTls serverTls(TlsConfig from) throws TlsException {
        StackFile file = context.file();
        Map<String, ServerTls.Identity> byName = new LinkedHashMap<>();
        from.sni().forEach((name, each) -> byName.put(name, identity(file, each.cert(), each.key())));
        Path authorities = from.clientCa();
        ServerTls.Clients clients = authorities == null
                ? null
                : new ServerTls.Clients(resolve(file, authorities), from.clientCertRequired());
        return new ServerTls(identity(file, from.cert(), from.key()), byName, clients, PROTOCOLS);
    }

    private static ServerTls.Identity identity(StackFile file, Path certificate, Path key) {
        return new ServerTls.Identity(resolve(file, certificate), resolve(file, key));
    }

    private static Path resolve(StackFile file, Path path) {
        Path folder = file.path().toAbsolutePath().getParent();
        return folder == null ? path : folder.resolve(path);
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        return Map.copyOf(listening);
    }

    @Override
    public void reload(StackFile next) throws ConfigException {
        LbProxyConfig changed = next.section(context.node(), LbProxyConfig.class);
        if (!bindings(changed).equals(bindings(config))) {
            throw refused(next, "lb-proxy.listeners: addresses and TLS files change with a restart only");
        }
        List<ServerTls.Prepared> certificates = new ArrayList<>();
        try {
            for (Map.Entry<String, ServerTls> entry : tls.entrySet()) {
                try {
                    certificates.add(entry.getValue().prepare());
                } catch (TlsException e) {
                    throw refused(next, "lb-proxy.listeners." + entry.getKey() + ": " + e.getMessage());
                }
            }
            snapshots.swap(changed, next);
        } catch (ConfigException | RuntimeException e) {
            certificates.forEach(ServerTls.Prepared::close);
            throw e;
        }
        certificates.forEach(ServerTls.Prepared::commit);
        for (String key : config.changedUntilRestart(changed)) {
            LOG.warn("{}: lb-proxy.{} has changed and takes effect with the next start", context.name(), key);
        }
        connectionLimit.change(changed.limits().connections());
        addressLimit.change(changed.limits().connectionsPerAddress());
        if (accessLog != null) {
            accessLog.reopen();
        }
        config = changed;
    }

    private static ConfigException refused(StackFile file, String why) {
        return new ConfigException(List.of(new Problem(file.path().toString(), 1, 1, why)));
    }

    private static Map<String, String> bindings(LbProxyConfig from) {
        Map<String, String> bindings = new LinkedHashMap<>();
        from.listeners()
                .forEach((name, at) -> bindings.put(
                        name, at.bind() + " " + at.tls() + " " + at.proxyProtocol() + " " + at.halfClose()));
        return bindings;
    }

    @Override
    public CompletionStage<Void> drain() {
        context.listeners().stopAccepting();
        return CompletableFuture.allOf(workers.stream().map(Worker::drain).toArray(CompletableFuture[]::new));
    }

    private void closeConnections() {
        try {
            CompletableFuture.allOf(workers.stream().map(Worker::closeAll).toArray(CompletableFuture[]::new))
                    .get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("{}: connections not closed in time: {}", context.name(), e.toString());
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        discovery.close();
        healthChecks.close();
        stops.forEach(Runnable::run);
        stops.clear();
        context.listeners().stopAccepting();
        closeConnections();
        snapshots.close();
        tls.values().forEach(ServerTls::close);
        tls.clear();
        if (accessLog != null) {
            accessLog.close();
        }
        if (spans != null) {
            spans.close();
        }
    }
}
