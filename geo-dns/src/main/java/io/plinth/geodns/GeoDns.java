package io.plinth.geodns;

import io.netty.channel.Channel;
import io.plinth.geodns.admin.ChangeRoutes;
import io.plinth.geodns.admin.ExplainRoute;
import io.plinth.geodns.admin.GeoDnsMetrics;
import io.plinth.geodns.admin.QueryLog;
import io.plinth.geodns.alias.AliasResolver;
import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.QuerySamples;
import io.plinth.geodns.answer.Responder;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.answer.Snapshots;
import io.plinth.geodns.change.Changes;
import io.plinth.geodns.change.ServedText;
import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.listen.DatagramThreads;
import io.plinth.geodns.listen.LocalAddresses;
import io.plinth.geodns.listen.ResponderFactory;
import io.plinth.geodns.listen.TcpLimits;
import io.plinth.geodns.listen.TcpListener;
import io.plinth.geodns.listen.UdpListener;
import io.plinth.geodns.load.Overlay;
import io.plinth.geodns.load.Registry;
import io.plinth.geodns.load.SnapshotLoader;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.ListenException;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.NodeThreads;
import io.plinth.kit.net.TlsException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's parts, put together. Called by the node's runner thread. */
public final class GeoDns implements Daemon {
    /** What the API changed, in the node's folder. */
    static final String CHANGES = "changes.jsonl";

    private static final Logger LOG = LoggerFactory.getLogger(GeoDns.class);
    /** How often a free port is asked for that is free for UDP and TCP both. */
    private static final int PORT_ATTEMPTS = 20;

    private static final int TICK_MILLIS = 500;

    private final NodeContext context;
    private final SnapshotLoader loader;
    private final AliasResolver aliases;
    private final QueryLog queryLog;
    private final Snapshots snapshots;
    private final TargetHealth health;
    private final ScheduledExecutorService control;
    private final ScheduledExecutorService changing;
    private final UdpListener udp;
    private final TcpListener tcp;
    private final DatagramThreads datagrams;
    private volatile @Nullable Current current;
    private volatile @Nullable Changes changes;
    private List<Integer> horizon = List.of();
    private boolean closed;
    private volatile Map<String, InetSocketAddress> listening = Map.of();

    GeoDns(NodeContext context) throws TlsException {
        this.context = context;
        SplittableRandom random = new SplittableRandom();
        Registry registry = new Registry();
        GeoDnsConfig config = context.section(GeoDnsConfig.class);
        this.aliases = aliases(context, config, random.split());
        this.loader = new SnapshotLoader(context.node().region(), registry, aliases, random.split());
        this.control = Executors.newSingleThreadScheduledExecutor(new NodeThreads(context.name(), "control"));
        this.changing = Executors.newSingleThreadScheduledExecutor(new NodeThreads(context.name(), "changes"));
        this.health = new TargetHealth(
                new HealthMonitor(
                        context.loops().clientChannel(),
                        random.split(),
                        config.limits().commands()),
                context.loops().all(),
                SnapshotLoader.resolve(context.file(), ""),
                control,
                this::healthChanged,
                context.clock());
        this.snapshots = new Snapshots(health);
        this.queryLog = queryLog(context, config);
        String nsid = config.nsid();
        Responder.Settings settings = new Responder.Settings(
                config.udp().maxPayload(),
                (nsid == null ? context.name() : nsid).getBytes(StandardCharsets.UTF_8),
                snapshots::current,
                config.queryLog().every() == 0 ? QuerySamples.NONE : queryLog,
                System::currentTimeMillis);
        GeoDnsMetrics metrics = new GeoDnsMetrics();
        ResponderFactory responders = () -> responder(settings, metrics.counters("udp"), random);
        this.udp = new UdpListener(responders);
        this.datagrams = new DatagramThreads(responders, new NodeThreads(context.name(), "udp"));
        this.tcp = new TcpListener(
                () -> responder(settings, metrics.counters("tcp"), random), limits(config), System::nanoTime);
        metrics.register(context.metrics(), tcp, snapshots::current, health, registry);
        new ExplainRoute(snapshots::current, health).register(context.admin());
        new ChangeRoutes(
                        () -> required(changes),
                        new Served(),
                        snapshots::current,
                        health,
                        changing,
                        context.clock(),
                        config.limits().loadFor())
                .register(context.admin());
        context.admin().bodies(Math.toIntExact(config.limits().body().bytes()));
    }

    private static AliasResolver aliases(NodeContext context, GeoDnsConfig config, SplittableRandom random) {
        GeoDnsConfig.Alias alias = config.alias();
        return new AliasResolver(
                context.loops().all(),
                context.loops().datagramChannel(),
                alias.resolvers().stream()
                        .map(at -> new InetSocketAddress(at.host(), at.port()))
                        .toList(),
                new AliasResolver.Limits(
                        alias.timeout().toMillis(),
                        Math.toIntExact(alias.ttl().toSeconds()),
                        Math.toIntExact(alias.stale().toSeconds()),
                        alias.networks()),
                System::nanoTime,
                random);
    }

    private static QueryLog queryLog(NodeContext context, GeoDnsConfig config) {
        String file = config.queryLog().file();
        return new QueryLog(
                config.queryLog().every(),
                file == null ? context.data().resolve("queries.log") : SnapshotLoader.resolve(context.file(), file),
                context.clock());
    }

    private static Responder responder(Responder.Settings settings, QueryCounters counters, SplittableRandom random) {
        synchronized (random) {
            return new Responder(settings, counters, random.split());
        }
    }

    private static TcpLimits limits(GeoDnsConfig config) {
        GeoDnsConfig.Tcp tcp = config.tcp();
        return new TcpLimits(
                tcp.connections(),
                tcp.connectionsPerAddress(),
                tcp.idle().toNanos(),
                Math.toIntExact(tcp.maxQuery().bytes()));
    }

    @Override
    public void start() throws Exception {
        GeoDnsConfig config = context.section(GeoDnsConfig.class);
        GeoDnsConfig.Limits limits = config.limits();
        changes = Changes.open(
                context.data().resolve(CHANGES),
                new Changes.Limits(limits.versions(), limits.versionsSize().bytes()),
                context.clock());
        load(context.file(), config);
        control.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        long every = config.databaseCheck().toMillis();
        changing.scheduleWithFixedDelay(this::databases, every, every, TimeUnit.MILLISECONDS);
        Integer port = context.node().port();
        listening = bind(
                context.node().host(),
                port == null ? GeoDnsMain.STANDARD_PORT : port,
                config.udp().transport());
    }

    /** UDP and TCP at one port, as resolvers expect, also where the file leaves the choice of it to the system. */
    private Map<String, InetSocketAddress> bind(String host, int port, GeoDnsConfig.Datagrams transport)
            throws ListenException, IOException {
        List<String> addresses = LocalAddresses.of(host);
        for (int attempt = 1; ; attempt++) {
            List<Channel> channels = new ArrayList<>();
            try {
                Listeners.Bound first = context.listeners().udp("udp", new HostPort(addresses.getFirst(), port), udp);
                channels.addAll(first.channels());
                int same = first.address().getPort();
                Listeners.Bound connections = context.listeners().tcp("tcp", new HostPort(host, same), tcp);
                for (String more : addresses.subList(1, addresses.size())) {
                    channels.addAll(context.listeners()
                            .udp("udp", new HostPort(more, same), udp)
                            .channels());
                }
                if (transport == GeoDnsConfig.Datagrams.NATIVE) {
                    datagrams.take(channels);
                }
                return Map.of("udp", first.address(), "tcp", connections.address());
            } catch (ListenException e) {
                channels.forEach(channel -> channel.close().awaitUninterruptibly());
                if (port != 0 || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void load(StackFile file, GeoDnsConfig config) throws ConfigException {
        required(changes).again((overlay, overrides) -> {
            Snapshot next =
                    loader.load(file, config, overlay, snapshots.current().zones());
            return () -> {
                use(next, config);
                health.overrides(overrides);
                current = new Current(file, config, overlay);
            };
        });
        Zones zones = snapshots.current().zones();
        zones.broken().keySet().forEach(name -> {
            Zone kept = zones.zone(name);
            LOG.warn("zone {} {}", name, kept == null ? "is not served" : "keeps serial " + kept.serial());
        });
        List<Problem> problems =
                zones.broken().values().stream().flatMap(List::stream).toList();
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("node - not started");
        }
        return value;
    }

    /** What the API changes; under the lock of the changes. */
    private final class Served implements Changes.Target {
        @Override
        public @Nullable String served(String key) {
            return ServedText.of(snapshots.current(), key);
        }

        @Override
        public Changes.Next load(Overlay overlay, Map<String, TargetHealth.Statement> overrides)
                throws ConfigException {
            Current loaded = required(current);
            Snapshot now = snapshots.current();
            boolean same = overlay.equals(loaded.overlay());
            Snapshot next = same ? now : loader.change(now, loaded.file(), loaded.config(), loaded.overlay(), overlay);
            return new Changes.Next() {
                @Override
                public @Nullable String served(String key) {
                    return ServedText.of(next, key);
                }

                @Override
                public void use() {
                    if (!same) {
                        GeoDns.this.use(next, loaded.config());
                        current = new Current(loaded.file(), loaded.config(), overlay);
                    }
                    health.overrides(overrides);
                }
            };
        }
    }

    /** Under the lock of the changes. */
    private void use(Snapshot next, GeoDnsConfig config) {
        health.watch(
                config.policies(),
                next.policies().all().stream()
                        .map(Policy::targets)
                        .flatMap(List::stream)
                        .toList());
        snapshots.publish(next);
        aliases.prefetch(next.zones().all().stream()
                .map(Zone::aliases)
                .flatMap(List::stream)
                .collect(Collectors.toSet()));
    }

    /** What was loaded last. */
    private record Current(StackFile file, GeoDnsConfig config, Overlay overlay) {}

    /** On the control thread, every half second: what comes with time alone. */
    private void tick() {
        try {
            queryLog.write();
            List<Integer> now = health.horizon();
            if (!now.equals(horizon)) {
                horizon = now;
                snapshots.healthChanged();
            }
        } catch (RuntimeException e) {
            LOG.error("tick", e);
        }
    }

    /** On the thread of the changes, now and then: databases whose files changed are swapped in. */
    private void databases() {
        try {
            if (current != null && loader.databasesChanged()) {
                required(changes).again((overlay, overrides) -> {
                    Current loaded = required(current);
                    Snapshot next = loader.withDatabases(snapshots.current(), loaded.file(), loaded.config(), overlay);
                    return () -> use(next, loaded.config());
                });
            }
        } catch (ConfigException | RuntimeException e) {
            LOG.error("databases", e);
        }
    }

    /** On the control thread. */
    private void healthChanged() {
        snapshots.healthChanged();
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        return listening;
    }

    @Override
    public void reload(StackFile next) throws ConfigException {
        GeoDnsConfig config = next.section(context.node(), GeoDnsConfig.class);
        load(next, config);
        tcp.limits(limits(config));
    }

    @Override
    public CompletionStage<Void> drain() {
        context.listeners().stopAccepting();
        datagrams.stop();
        return tcp.drain();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            datagrams.stop();
            tcp.close();
            health.close();
            control.shutdownNow();
            changing.shutdownNow();
        }
    }
}
