package io.plinth.mqbroker;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.Listeners;
import io.plinth.mqbroker.auth.Users;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.listen.AmqpInitializer;
import io.plinth.mqbroker.log.ChronicleSegmentLog;
import io.plinth.mqbroker.management.ManagementRoutes;
import io.plinth.mqbroker.queue.Engine;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.Connections;
import io.plinth.mqbroker.session.SessionLimits;
import io.plinth.mqbroker.session.SessionMetrics;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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

    private final NodeContext context;
    private final Connections connections = new Connections();
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("mq-disk").daemon().factory());
    private final SessionMetrics metrics;
    private volatile MqBrokerConfig config;
    private volatile Users users;
    private volatile SessionLimits limits;
    private @Nullable Engine engine;
    private Listeners.@Nullable Bound bound;

    public MqBroker(NodeContext context) {
        this.context = context;
        this.config = context.section(MqBrokerConfig.class);
        this.users = users(config);
        this.limits = limits(config);
        this.metrics = new SessionMetrics(context.metrics());
    }

    private static Users users(MqBrokerConfig config) {
        if (config.users().isEmpty()) {
            return new Users(Map.of("guest", "guest"), Set.of("guest"));
        }
        Map<String, String> passwords = new LinkedHashMap<>();
        Set<String> loopbackOnly = new HashSet<>();
        config.users().forEach((name, user) -> {
            passwords.put(name, user.password().reveal());
            if (user.loopbackOnly()) {
                loopbackOnly.add(name);
            }
        });
        return new Users(passwords, loopbackOnly);
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
                l.pendingFrames());
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
        can.put("direct_reply_to", false);
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
                folder -> new ChronicleSegmentLog(folder, c.segment().bytes()),
                c.confirm() == MqBrokerConfig.Confirm.FSYNC,
                c.memory().bytes(),
                c.limits().queues(),
                context.clock(),
                System::nanoTime,
                List.of()));
        engine = opened;
        Broker broker = new Broker(
                opened.topology(),
                opened.definitions(),
                opened.shards(),
                opened.alarms(),
                connections,
                () -> users,
                () -> limits,
                serverProperties(),
                System::nanoTime,
                new SecureRandom(),
                metrics);
        observe(opened);
        new ManagementRoutes(broker).register(context.admin());
        NodeConfig node = context.node();
        Integer port = node.port();
        HostPort address = new HostPort(node.host(), port == null ? MqBrokerMain.TYPE.standardPort() : port);
        bound = context.listeners().tcp(LISTENER, address, new AmqpInitializer(broker));
    }

    private void observe(Engine opened) {
        opened.alarms().listen(() -> connections.all().forEach(Connection::alarmChanged));
        context.metrics().gauge("mqbroker_connections", "Open connections.", connections::count);
        context.metrics()
                .gauge(
                        "mqbroker_queues",
                        "Declared queues.",
                        () -> opened.topology().queueCount());
        context.metrics()
                .gauge(
                        "mqbroker_memory_bytes",
                        "Memory that messages take.",
                        () -> opened.gauge().used());
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
        return bound == null ? Map.of() : Map.of(LISTENER, bound.address());
    }

    @Override
    public void reload(StackFile next) throws ConfigException {
        NodeConfig node = next.stack().nodes().getOrDefault(context.name(), context.node());
        MqBrokerConfig changed = next.section(node, MqBrokerConfig.class);
        users = users(changed);
        limits = limits(changed);
        config = changed;
    }

    @Override
    public CompletionStage<Void> drain() {
        connections.all().forEach(Connection::shutdown);
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
        connections.all().forEach(Connection::shutdown);
        Engine opened = engine;
        engine = null;
        if (opened != null) {
            opened.close();
        }
    }
}
