package io.plinth.geodns;

import io.plinth.geodns.admin.ExplainRoute;
import io.plinth.geodns.admin.GeoDnsMetrics;
import io.plinth.geodns.answer.AddressAliases;
import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.QuerySamples;
import io.plinth.geodns.answer.Responder;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.answer.Snapshots;
import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.listen.TcpLimits;
import io.plinth.geodns.listen.TcpListener;
import io.plinth.geodns.listen.UdpListener;
import io.plinth.geodns.load.Overlay;
import io.plinth.geodns.load.Registry;
import io.plinth.geodns.load.SnapshotLoader;
import io.plinth.geodns.policy.Policy;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.ListenException;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.NodeThreads;
import io.plinth.kit.net.TlsException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's parts, put together. Called by the node's runner thread. */
public final class GeoDns implements Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(GeoDns.class);
    /** How often a free port is asked for that is free for UDP and TCP both. */
    private static final int PORT_ATTEMPTS = 20;

    private static final int TICK_MILLIS = 500;

    private final NodeContext context;
    private final SnapshotLoader loader;
    private final Snapshots snapshots;
    private final TargetHealth health;
    private final ScheduledExecutorService control;
    private final UdpListener udp;
    private final TcpListener tcp;
    private volatile @Nullable Current current;
    private List<Integer> horizon = List.of();
    private boolean closed;
    private volatile Map<String, InetSocketAddress> listening = Map.of();

    GeoDns(NodeContext context) throws TlsException {
        this.context = context;
        SplittableRandom random = new SplittableRandom();
        Registry registry = new Registry();
        this.loader = new SnapshotLoader(context.node().region(), registry, AddressAliases.NONE, random.split());
        this.control = Executors.newSingleThreadScheduledExecutor(new NodeThreads(context.name(), "control"));
        this.health = new TargetHealth(
                new HealthMonitor(context.loops().clientChannel(), random.split()),
                context.loops().all(),
                control,
                this::healthChanged,
                context.clock());
        this.snapshots = new Snapshots(health);
        GeoDnsConfig config = context.section(GeoDnsConfig.class);
        String nsid = config.nsid();
        Responder.Settings settings = new Responder.Settings(
                config.udp().maxPayload(),
                (nsid == null ? context.name() : nsid).getBytes(StandardCharsets.UTF_8),
                snapshots::current,
                QuerySamples.NONE,
                System::currentTimeMillis);
        GeoDnsMetrics metrics = new GeoDnsMetrics();
        this.udp = new UdpListener(() -> responder(settings, metrics.counters("udp"), random));
        this.tcp = new TcpListener(
                () -> responder(settings, metrics.counters("tcp"), random), limits(config), System::nanoTime);
        metrics.register(context.metrics(), tcp, snapshots::current, health, registry);
        new ExplainRoute(snapshots::current, health).register(context.admin());
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
        load(context.file(), context.section(GeoDnsConfig.class));
        control.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        long every = context.section(GeoDnsConfig.class).databaseCheck().toMillis();
        control.scheduleWithFixedDelay(this::databases, every, every, TimeUnit.MILLISECONDS);
        String host = context.node().host();
        if (InetAddress.getByName(host).isAnyLocalAddress()) {
            LOG.warn(
                    "host {}: on a machine with several addresses, UDP answers may leave from another address than the"
                            + " one asked; name the address instead",
                    host);
        }
        Integer port = context.node().port();
        listening = bind(new HostPort(host, port == null ? GeoDnsMain.STANDARD_PORT : port));
    }

    /** UDP and TCP at one port, as resolvers expect, also where the file leaves the choice of it to the system. */
    private Map<String, InetSocketAddress> bind(HostPort at) throws ListenException {
        for (int attempt = 1; ; attempt++) {
            Listeners.Bound datagrams = context.listeners().udp("udp", at, udp);
            try {
                HostPort same = new HostPort(at.host(), datagrams.address().getPort());
                Listeners.Bound connections = context.listeners().tcp("tcp", same, tcp);
                return Map.of("udp", datagrams.address(), "tcp", connections.address());
            } catch (ListenException e) {
                datagrams.channels().forEach(channel -> channel.close().awaitUninterruptibly());
                if (at.port() != 0 || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void load(StackFile file, GeoDnsConfig config) throws ConfigException {
        Snapshot next = loader.load(file, config, Overlay.NONE);
        use(next, config);
        current = new Current(file, config);
    }

    private synchronized void use(Snapshot next, GeoDnsConfig config) {
        health.watch(
                config.policies(),
                next.policies().all().stream()
                        .map(Policy::targets)
                        .flatMap(List::stream)
                        .toList());
        snapshots.publish(next);
    }

    /** What was loaded last. */
    private record Current(StackFile file, GeoDnsConfig config) {}

    /** On the control thread, every half second: what comes with time alone. */
    private void tick() {
        try {
            List<Integer> now = health.horizon();
            if (!now.equals(horizon)) {
                horizon = now;
                snapshots.healthChanged();
            }
        } catch (RuntimeException e) {
            LOG.error("tick", e);
        }
    }

    /** On the control thread, now and then: databases whose files changed are swapped in. */
    private void databases() {
        Current loaded = current;
        try {
            if (loaded != null && loader.databasesChanged()) {
                use(
                        loader.withDatabases(snapshots.current(), loaded.file(), loaded.config(), Overlay.NONE),
                        loaded.config());
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
        return tcp.drain();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            tcp.close();
            health.close();
            control.shutdownNow();
        }
    }
}
