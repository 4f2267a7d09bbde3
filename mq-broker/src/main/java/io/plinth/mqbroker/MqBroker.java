package io.plinth.mqbroker;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.ServerTls;
import io.plinth.kit.net.TlsException;
import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.auth.PasswordHash;
import io.plinth.mqbroker.auth.User;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.history.History;
import io.plinth.mqbroker.http.ApiServer;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.Cors;
import io.plinth.mqbroker.index.SegmentReport;
import io.plinth.mqbroker.listen.AmqpInitializer;
import io.plinth.mqbroker.listen.Gatherings;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.management.ExplainRoute;
import io.plinth.mqbroker.management.ManagementApi;
import io.plinth.mqbroker.management.ManagementRoutes;
import io.plinth.mqbroker.management.SegmentRoute;
import io.plinth.mqbroker.management.node.Certificates;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.management.prometheus.MetricPages;
import io.plinth.mqbroker.management.prometheus.NodeLimits;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.queue.Engine;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.Connections;
import io.plinth.mqbroker.session.DirectReplies;
import io.plinth.mqbroker.session.SessionLimits;
import io.plinth.mqbroker.session.SessionMetrics;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root of an mq-broker node. */
public final class MqBroker implements Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(MqBroker.class);
    private static final String LISTENER = "amqp";
    private static final String MANAGEMENT = "management";
    private static final String MANAGEMENT_TLS = "management-tls";
    private static final int SAMPLE_SECONDS = 5;
    private static final String TLS_LISTENER = "amqps";
    private static final String STOPPING = "broker shuts down";
    private static final String GUEST = "guest";
    private static final int FIRST_USER_SECONDS = 30;

    private final NodeContext context;
    private final Connections connections = new Connections();
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("mq-disk").daemon().factory());
    private final ExecutorService managementWorker = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("mq-management").daemon().factory());
    private final SecureRandom random = new SecureRandom();
    private final SessionMetrics metrics;
    private volatile MqBrokerConfig config;
    private volatile SessionLimits limits;
    private @Nullable Engine engine;
    private volatile @Nullable Access access;
    private Listeners.@Nullable Bound bound;
    private Listeners.@Nullable Bound management;
    private Listeners.@Nullable Bound secured;
    private Listeners.@Nullable Bound secureManagement;
    /** Served on listeners, read again on reload. */
    private final List<ServerTls> certificates = new ArrayList<>();

    public MqBroker(NodeContext context) {
        this.context = context;
        this.config = context.section(MqBrokerConfig.class);
        this.limits = limits(config);
        this.metrics = new SessionMetrics(context.metrics());
    }

    private Collection<User> users(MqBrokerConfig config) {
        List<User> users = new ArrayList<>();
        config.users().forEach((name, user) -> {
            String hash = PasswordHash.SHA256.hash(user.password().reveal(), random);
            List<String> tags = user.tags().isEmpty() ? List.of(User.ADMINISTRATOR) : user.tags();
            users.add(new User(name, hash, PasswordHash.SHA256, tags, user.loopbackOnly(), true));
        });
        return users;
    }

    /** A new data folder starts with guest, who may do everything from this host; once deleted it stays away. */
    private void firstUser(Definitions definitions) throws Exception {
        if (definitions.settings().get(Settings.DONE, GUEST) != null) {
            return;
        }
        FieldTable user = FieldTable.EMPTY
                .with("password_hash", PasswordHash.SHA256.hash(GUEST, random))
                .with("hashing_algorithm", PasswordHash.SHA256.text())
                .with("tags", List.of(User.ADMINISTRATOR));
        FieldTable all =
                FieldTable.EMPTY.with("configure", ".*").with("write", ".*").with("read", ".*");
        for (Effect.Setting setting : List.of(
                new Effect.Setting(Settings.USER, GUEST, user),
                new Effect.Setting(Settings.PERMISSION, Settings.key(GUEST, Vhosts.DEFAULT), all),
                new Effect.Setting(Settings.DONE, GUEST, FieldTable.EMPTY))) {
            CompletableFuture<Definitions.Result> done = new CompletableFuture<>();
            definitions.submit(Vhosts.DEFAULT, new DefinitionCommand.Set(setting), done::complete);
            AmqpException error = done.get(FIRST_USER_SECONDS, TimeUnit.SECONDS).error();
            if (error != null) {
                throw error;
            }
        }
    }

    private static SessionLimits limits(MqBrokerConfig config) {
        MqBrokerConfig.Limits l = config.limits();
        return new SessionLimits(
                l.frameMax(),
                l.channelMax(),
                l.heartbeat(),
                l.handshake(),
                l.tableDepth(),
                (int) l.table().bytes(),
                l.message().bytes(),
                l.unacked(),
                l.consumers(),
                l.connections(),
                l.publishWindow().bytes(),
                l.deliveryWindow().bytes(),
                l.pendingFrames(),
                l.transaction().bytes(),
                l.partial().bytes(),
                l.consumerTimeout(),
                config.anonymous(),
                config.gather());
    }

    private FieldTable serverProperties() {
        Map<String, @Nullable Object> can = new LinkedHashMap<>();
        for (String capability : List.of(
                "publisher_confirms",
                "exchange_exchange_bindings",
                "basic.nack",
                "consumer_cancel_notify",
                "connection.blocked",
                "consumer_priorities",
                "authentication_failure_close",
                "per_consumer_qos")) {
            can.put(capability, true);
        }
        can.put("direct_reply_to", true);
        Map<String, @Nullable Object> properties = new LinkedHashMap<>();
        properties.put("capabilities", new FieldTable(can));
        properties.put("product", config.product());
        properties.put("version", config.version());
        properties.put("platform", "Plinth mq-broker on Java");
        properties.put("copyright", "Plinth contributors");
        properties.put("information", "Licensed under the Apache License 2.0");
        properties.put("cluster_name", context.name());
        return new FieldTable(properties);
    }

    @Override
    public void start() throws Exception {
        MqBrokerConfig c = config;
        Engine opened = new Engine(new Engine.Settings(
                context.data(),
                context.loops().all(),
                folder -> PreallocatedSegmentLog.open(folder, c.segment().bytes()),
                c.confirm() == MqBrokerConfig.Confirm.FSYNC,
                c.memory().bytes(),
                c.window(),
                c.limits().queues(),
                c.limits().metricQueues(),
                context.clock(),
                System::nanoTime,
                List.of()));
        engine = opened;
        Access allowed = new Access(
                opened.definitions().settings(),
                users(c),
                new Attempts(c.limits().loginSources()));
        access = allowed;
        if (c.users().isEmpty()) {
            firstUser(opened.definitions());
        }
        Broker broker = new Broker(
                opened.vhosts(),
                opened.definitions(),
                opened.shards(),
                opened.alarms(),
                connections,
                allowed,
                () -> limits,
                serverProperties(),
                context.clock(),
                System::nanoTime,
                random,
                new DirectReplies(),
                metrics);
        observe(opened);
        new ManagementRoutes(broker).register(context.admin());
        NodeNumbers numbers = new NodeNumbers(broker, memory(opened).current(), disk().current());
        Survey survey = new Survey(
                broker,
                numbers,
                managementWorker,
                new History(c.management().history().bytes()),
                c.management().samples());
        watch.scheduleWithFixedDelay(survey::tick, SAMPLE_SECONDS, SAMPLE_SECONDS, TimeUnit.SECONDS);
        new MetricPages(
                        broker,
                        survey,
                        new MetricPages.Most(
                                c.limits().metricQueues(), c.limits().metricChannels()),
                        "rabbit@" + context.name(),
                        new NodeLimits(memory(opened).most(), disk().most()))
                .register(context.metrics(), context.admin());
        new ExplainRoute(opened.vhosts()).register(context.admin());
        new SegmentRoute(opened.vhosts(), segments(opened)).register(context.admin());
        Gatherings gatherings = new Gatherings(() -> limits.gather().toNanos(), broker.nanoTime());
        NodeConfig node = context.node();
        Integer port = node.port();
        HostPort address = new HostPort(node.host(), port == null ? MqBrokerMain.TYPE.standardPort() : port);
        bound = context.listeners().tcp(LISTENER, address, new AmqpInitializer(broker, null, gatherings));
        MqBrokerConfig.Tls secure = c.tls();
        if (secure != null) {
            ServerTls serving = new ServerTls(
                    resolve(secure.cert()),
                    resolve(secure.key()),
                    List.of(),
                    secure.clients() == null ? null : resolve(secure.clients()));
            certificates.add(serving);
            HostPort at = new HostPort(node.host(), secure.port());
            secured = context.listeners().tcp(TLS_LISTENER, at, new AmqpInitializer(broker, serving, gatherings));
        }
        if (c.management().enabled()) {
            serveManagement(broker, opened, survey);
        }
    }

    private ManagementApi.Gauge memory(Engine opened) {
        return new ManagementApi.Gauge(
                () -> opened.gauge().used(), () -> config.memory().bytes());
    }

    private ManagementApi.Gauge disk() {
        return new ManagementApi.Gauge(
                () -> context.data().toFile().getUsableSpace(),
                () -> config.diskReserve().bytes());
    }

    private void serveManagement(Broker broker, Engine opened, Survey survey) throws Exception {
        MqBrokerConfig.Management c = config.management();
        Integer own = context.node().port();
        int port = c.portBeside(own == null ? MqBrokerMain.TYPE.standardPort() : own);
        ManagementApi.Node node = new ManagementApi.Node(
                "rabbit@" + context.name(),
                config.product(),
                config.version(),
                memory(opened),
                disk(),
                this::sockets,
                this::shownCertificates);
        ApiTable routes = ManagementApi.routes(broker, survey, node, managementWorker);
        management = context.listeners()
                .tcp(MANAGEMENT, new HostPort(context.node().host(), port), api(routes, broker, null));
        MqBrokerConfig.Management.Https secure = c.tls();
        if (secure != null) {
            ServerTls serving = new ServerTls(resolve(secure.cert()), resolve(secure.key()), List.of());
            certificates.add(serving);
            secureManagement = context.listeners()
                    .tcp(
                            MANAGEMENT_TLS,
                            new HostPort(context.node().host(), secure.port()),
                            api(routes, broker, serving));
        }
    }

    private ApiServer api(ApiTable routes, Broker broker, @Nullable ServerTls serving) {
        MqBrokerConfig.Management c = config.management();
        return new ApiServer(
                routes,
                broker.access(),
                managementWorker,
                (int) c.body().bytes(),
                c.connections(),
                new Cors(c.cors(), c.corsMaxAge()),
                serving);
    }

    private List<ManagementApi.Listener> sockets() {
        List<ManagementApi.Listener> sockets = new ArrayList<>();
        listening().forEach((name, address) -> {
            String protocol = switch (name) {
                case MANAGEMENT -> "http";
                case MANAGEMENT_TLS -> "https";
                default -> "amqp";
            };
            sockets.add(
                    new ManagementApi.Listener(protocol, address.getAddress().getHostAddress(), address.getPort()));
        });
        return sockets;
    }

    private List<Certificates.Shown> shownCertificates() {
        List<Certificates.Shown> all = new ArrayList<>();
        MqBrokerConfig.Tls amqps = config.tls();
        if (amqps != null && secured != null) {
            all.add(shown("amqp/ssl", secured, amqps.cert()));
        }
        MqBrokerConfig.Management.Https https = config.management().tls();
        if (https != null && secureManagement != null) {
            all.add(shown("https", secureManagement, https.cert()));
        }
        return all;
    }

    private Certificates.Shown shown(String protocol, Listeners.Bound at, Path file) {
        return new Certificates.Shown(
                protocol,
                at.address().getAddress().getHostAddress(),
                at.address().getPort(),
                resolve(file));
    }

    private Path resolve(Path path) {
        Path folder = context.file().path().toAbsolutePath().getParent();
        return folder == null ? path : folder.resolve(path);
    }

    private static SegmentRoute.Segments segments(Engine opened) {
        return new SegmentRoute.Segments() {
            @Override
            public int shards() {
                return opened.shards().count();
            }

            @Override
            public CompletableFuture<List<SegmentReport>> of(int shard) {
                return opened.segments(shard);
            }

            @Override
            public CompletableFuture<SegmentReport> withOldest(SegmentReport report) {
                return opened.withOldest(report);
            }
        };
    }

    private void observe(Engine opened) {
        opened.alarms().listen(() -> connections.all().forEach(Connection::alarmChanged));
        context.metrics().gauge("mqbroker_connections", "Open connections.", connections::count);
        context.metrics()
                .gauge(
                        "mqbroker_queues",
                        "Declared queues.",
                        () -> opened.vhosts().queueCount());
        context.metrics()
                .gauge(
                        "mqbroker_memory_bytes",
                        "Memory that messages take.",
                        () -> opened.gauge().used());
        GaugeWithCallback.builder()
                .name("mqbroker_alarm")
                .help("1 while publishers are blocked for this reason.")
                .labelNames("reason")
                .callback(callback -> {
                    for (Alarms.Reason reason : Alarms.Reason.values()) {
                        callback.call(opened.alarms().is(reason) ? 1 : 0, reason.text());
                    }
                })
                .register(context.metrics().registry());
        checkDisk(opened);
        watch.scheduleWithFixedDelay(() -> checkDisk(opened), 1, 1, TimeUnit.SECONDS);
    }

    private void checkDisk(Engine opened) {
        try {
            FileStore store = Files.getFileStore(context.data());
            opened.alarms()
                    .set(
                            Alarms.Reason.DISK,
                            store.getUsableSpace() < config.diskReserve().bytes());
        } catch (IOException e) {
            LOG.warn("free space of {} cannot be read: {}", context.data(), e.toString());
        }
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        Map<String, InetSocketAddress> all = new LinkedHashMap<>();
        if (bound != null) {
            all.put(LISTENER, bound.address());
        }
        if (management != null) {
            all.put(MANAGEMENT, management.address());
        }
        if (secureManagement != null) {
            all.put(MANAGEMENT_TLS, secureManagement.address());
        }
        if (secured != null) {
            all.put(TLS_LISTENER, secured.address());
        }
        return all;
    }

    @Override
    public void reload(StackFile next) throws ConfigException {
        NodeConfig node = next.stack().nodes().getOrDefault(context.name(), context.node());
        MqBrokerConfig changed = next.section(node, MqBrokerConfig.class);
        Access known = access;
        if (known != null) {
            known.reload(users(changed));
        }
        for (ServerTls serving : certificates) {
            try {
                serving.reload();
            } catch (TlsException e) {
                throw new ConfigException(
                        List.of(new Problem(next.path().toString(), 1, 1, "mq-broker.tls: " + e.getMessage())));
            }
        }
        limits = limits(changed);
        config = changed;
    }

    @Override
    public CompletionStage<Void> drain() {
        connections.all().forEach(open -> open.shutdown(STOPPING));
        CompletableFuture<Void> drained = new CompletableFuture<>();
        watch.scheduleWithFixedDelay(
                () -> {
                    if (connections.count() == 0) {
                        drained.complete(null);
                    }
                },
                0,
                50,
                TimeUnit.MILLISECONDS);
        return drained;
    }

    @Override
    public void close() {
        watch.shutdownNow();
        managementWorker.shutdown();
        connections.all().forEach(open -> open.shutdown(STOPPING));
        Engine opened = engine;
        engine = null;
        if (opened != null) {
            opened.close();
        }
    }
}
