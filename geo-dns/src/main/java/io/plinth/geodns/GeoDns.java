package io.plinth.geodns;

import io.plinth.geodns.admin.ExplainRoute;
import io.plinth.geodns.admin.GeoDnsMetrics;
import io.plinth.geodns.answer.Answerer;
import io.plinth.geodns.answer.Responder;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.answer.SnapshotLoader;
import io.plinth.geodns.answer.Snapshots;
import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.listen.TcpLimits;
import io.plinth.geodns.listen.TcpListener;
import io.plinth.geodns.listen.UdpListener;
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
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's parts, put together. Called by the node's runner thread. */
public final class GeoDns implements Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(GeoDns.class);
    /** How often a free port is asked for that is free for UDP and TCP both. */
    private static final int PORT_ATTEMPTS = 20;

    private final NodeContext context;
    private final SnapshotLoader loader;
    private final Snapshots snapshots;
    private final TargetHealth health;
    private final ExecutorService control;
    private final UdpListener udp;
    private final TcpListener tcp;
    private boolean closed;
    private volatile Map<String, InetSocketAddress> listening = Map.of();

    GeoDns(NodeContext context) throws TlsException {
        this.context = context;
        this.loader = new SnapshotLoader(context.node().region());
        this.control = Executors.newSingleThreadExecutor(new NodeThreads(context.name(), "control"));
        this.health = new TargetHealth(
                new HealthMonitor(context.loops().clientChannel(), new SplittableRandom()),
                context.loops().all(),
                control,
                this::healthChanged);
        this.snapshots = new Snapshots(health::healthy);
        GeoDnsConfig config = context.section(GeoDnsConfig.class);
        int payload = config.udp().maxPayload();
        Answerer answerer = new Answerer();
        GeoDnsMetrics metrics = new GeoDnsMetrics();
        this.udp = new UdpListener(() -> new Responder(answerer, payload, snapshots::current, metrics.counters("udp")));
        this.tcp = new TcpListener(
                () -> new Responder(answerer, payload, snapshots::current, metrics.counters("tcp")),
                limits(config),
                System::nanoTime);
        metrics.register(context.metrics(), tcp, snapshots::current, health::healthy);
        new ExplainRoute(snapshots::current, health::healthy, answerer).register(context.admin());
    }

    private static TcpLimits limits(GeoDnsConfig config) {
        GeoDnsConfig.Tcp tcp = config.tcp();
        return new TcpLimits(
                tcp.connections(),
                tcp.idle().toNanos(),
                Math.toIntExact(tcp.maxQuery().bytes()));
    }

    @Override
    public void start() throws Exception {
        load(context.file(), context.section(GeoDnsConfig.class));
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
        Snapshot next = loader.load(file, config);
        health.watch(config.policies());
        snapshots.publish(next);
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
            control.shutdown();
        }
    }
}
