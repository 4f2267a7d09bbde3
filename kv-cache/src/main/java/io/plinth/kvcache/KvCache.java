package io.plinth.kvcache;

import io.netty.channel.EventLoop;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.NodeThreads;
import io.plinth.kvcache.acl.AclException;
import io.plinth.kvcache.acl.Catalogue;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.admin.AclCommands;
import io.plinth.kvcache.admin.CommandFamilies;
import io.plinth.kvcache.admin.ExplainRoute;
import io.plinth.kvcache.admin.JournalMetrics;
import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.admin.NodeMetrics;
import io.plinth.kvcache.admin.ReplicaCommands;
import io.plinth.kvcache.admin.SaveCommands;
import io.plinth.kvcache.admin.ServerCommands;
import io.plinth.kvcache.admin.config.ConfigTable;
import io.plinth.kvcache.admin.debug.DebugCommands;
import io.plinth.kvcache.admin.info.InfoReport;
import io.plinth.kvcache.admin.info.InfoSources;
import io.plinth.kvcache.admin.keys.HotKeysRoute;
import io.plinth.kvcache.admin.keys.KeyMetrics;
import io.plinth.kvcache.admin.process.ExchangeCommand;
import io.plinth.kvcache.admin.process.ProcessCommands;
import io.plinth.kvcache.admin.process.ResidentBound;
import io.plinth.kvcache.cluster.PeerLinks;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.cluster.TopologyLoader;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.command.Settings;
import io.plinth.kvcache.command.Stats;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.listen.ClientPipeline;
import io.plinth.kvcache.listen.LoopTimer;
import io.plinth.kvcache.listen.Ports;
import io.plinth.kvcache.listen.ProtectedMode;
import io.plinth.kvcache.listen.TlsConfig;
import io.plinth.kvcache.loader.CacheMetrics;
import io.plinth.kvcache.loader.Loaders;
import io.plinth.kvcache.memcached.MemcachedPipeline;
import io.plinth.kvcache.persist.Functions;
import io.plinth.kvcache.persist.PersistSettings;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.RdbImport;
import io.plinth.kvcache.persist.copy.CopySettings;
import io.plinth.kvcache.persist.journal.Journal;
import io.plinth.kvcache.primary.SyncCommands;
import io.plinth.kvcache.replica.Replication;
import io.plinth.kvcache.script.KeptLibraries;
import io.plinth.kvcache.script.ScriptCommands;
import io.plinth.kvcache.script.ScriptLimits;
import io.plinth.kvcache.script.Scripts;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Clients;
import io.plinth.kvcache.session.NodeShare;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.session.Tracking;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.WireLimits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The node's parts, put together. Called by the node's runner thread. */
public final class KvCache implements Daemon {
    private static final int DRAIN_POLL_MILLIS = 20;
    private final NodeContext context;
    private final KvCacheConfig config;
    private final TopologyLoader loader;
    private final Keyspace keyspace;
    private final Clients clients;
    private final PubSub pubSub;
    private final Tracking tracking;
    private final Scripts scripts;
    private final CachePatterns patterns;
    private final CommandTable table;
    private final Users users;
    private final Settings settings;
    private final Stats stats;
    private final ResidentBound resident;
    private final ClientMemory memory;
    private final WireLimits limits;
    private final SecureRandom entropy = new SecureRandom();
    private volatile @Nullable Topology topology;
    private volatile @Nullable NodeFacts facts;
    private volatile Map<String, InetSocketAddress> listening = Map.of();
    private volatile @Nullable Persistence persistence;
    private volatile @Nullable Replication replication;
    private @Nullable Loaders loaders;
    private @Nullable PeerLinks peers;
    private volatile @Nullable LoopTimer timer;
    private @Nullable Ports ports;

    KvCache(NodeContext context) {
        this.context = context;
        this.config = context.section(KvCacheConfig.class);
        this.loader = new TopologyLoader(
                context.file().stack().stack() + "/" + context.node().region() + "/"
                        + context.node().run(),
                KvCacheMain.STANDARD_PORT);
        this.keyspace = new Keyspace(
                config.memory().bytes(), eviction(config), context.clock().millis(), entropy);
        this.resident = ResidentBound.of(config.resident());
        keyspace.memory().onHeap(config.resident().onHeap(Runtime.getRuntime().maxMemory()));
        this.stats = new Stats(System::nanoTime, context.clock()::millis);
        this.clients = new Clients(config.limits().maxClients(), config.limits().buffers());
        this.pubSub = new PubSub(clients.buffers());
        this.tracking = new Tracking(keyspace, clients, config.limits().trackedKeys());
        this.scripts = new Scripts(new ScriptLimits(
                config.limits().scriptMemory().bytes(),
                config.limits().scriptSteps(),
                config.limits().scriptBusy().toMillis()));
        this.patterns = new CachePatterns(keyspace, config.limits().cacheMarks(), new Random(entropy.nextLong()));
        this.table = commands();
        String aclFile = config.aclFile();
        this.users = new Users(
                new Catalogue(table.all().stream().map(Command::facts).toList()),
                password(config),
                aclFile == null ? null : context.data().resolve(aclFile));
        this.settings = new Settings(password(config), config.eviction(), new KeyEvents(pubSub, keyspace), users);
        settings.cachePolicy(patterns);
        settings.protectedMode(config.protectedMode());
        settings.replicationId(id());
        settings.debugCommand(config.debugCommand());
        settings.primary(config.primaryUser(), config.primaryPassword());
        this.settings.timeoutSeconds(timeout(config));
        this.memory = new ClientMemory(config.limits().clientMemory().bytes());
        this.limits = new WireLimits(
                Math.toIntExact(config.limits().maxBulk().bytes()),
                config.limits().maxArgs(),
                Math.toIntExact(config.limits().maxInline().bytes()),
                Math.toIntExact(config.limits().maxRequest().bytes()),
                Math.toIntExact(config.limits().maxItem().bytes()));
    }

    private static Eviction eviction(KvCacheConfig config) {
        Eviction eviction = Eviction.of(config.eviction());
        return eviction == null ? Eviction.ALL_KEYS : eviction;
    }

    private static long timeout(KvCacheConfig config) {
        return config.limits().timeout() == null ? 0 : config.limits().timeout().toSeconds();
    }

    private static @Nullable String password(KvCacheConfig config) {
        return config.password() == null ? null : config.password().reveal();
    }

    @Override
    public void start() throws Exception {
        resident.check(context.file(), config.memory().bytes());
        Topology loaded =
                loader.load(context.data(), context.name(), context.file().cluster(context.node()));
        topology = loaded;
        keyspace.epoch(loaded.epoch());
        PeerLinks links = new PeerLinks(
                loaded,
                context.loops(),
                settings::password,
                config.limits().peerBuffer().bytes());
        peers = links;
        NodeState node = new NodeState(
                keyspace,
                this::topology,
                clients,
                pubSub,
                tracking,
                links,
                settings,
                stats,
                memory,
                limits,
                context.clock(),
                new Random(entropy.nextLong()));
        users(config);
        users.load();
        patterns.use(config.patterns());
        NodeMetrics.register(context.metrics(), node, links::dropped, table.rows());
        resident.tell(context.name(), context.metrics());
        new ExplainRoute(node).register(context.admin());
        KeyMetrics.register(context.metrics(), node);
        new HotKeysRoute(stats.hotKeys(), keyspace.databases()).register(context.admin());
        Functions functions = new KeptLibraries(node, table, scripts, System::nanoTime);
        Persistence kept = new Persistence(
                keyspace,
                persist(),
                context.clock(),
                System::nanoTime,
                new NodeThreads(context.name(), "persist"),
                context.loops().all(),
                functions);
        persistence = kept;
        Map<EventLoop, LoopShare> shares = LoopShare.each(context.loops().all(), keyspace);
        stats.traffic().of(shares.values().stream().map(LoopShare::traffic).toList());
        MemcachedPipeline memcached = Ports.speakMemcached(config.memcachedPort(), config.tls())
                ? new MemcachedPipeline(
                        node, shares, config.limits().outputBuffer().bytes())
                : null;
        MemcachedPipeline.keep(keyspace);
        kept.start(() -> imports(functions));
        scripts.heard(kept::libraries);
        kept.register(context.metrics());
        Journal journal = kept.journal();
        if (journal != null) {
            JournalMetrics.register(context.metrics(), journal);
            journal.moments((kind, nanos) -> stats.latencies()
                    .add(
                            kind,
                            TimeUnit.NANOSECONDS.toMillis(nanos),
                            context.clock().millis()));
        }
        Loaders opened = Loaders.open(
                patterns,
                keyspace,
                context.clock(),
                System::nanoTime,
                config.loaders(),
                config.behind(),
                context.data(),
                role -> new NodeThreads(context.name(), role));
        loaders = opened;
        patterns.holding(opened);
        CacheMetrics.register(context.metrics(), patterns, opened);
        replication = new Replication(
                node,
                table,
                functions::load,
                scripts::forgetLibraries,
                config.primaryTls(),
                context.file().path(),
                System::nanoTime,
                new NodeThreads(context.name(), "replica"));
        replication.register(context.metrics());
        LoopTimer ticking = new LoopTimer(keyspace, context.loops().all(), context.clock(), stats, now -> {
            stats.sample(now);
            stats.peakBytes(keyspace.memory().used());
            keyspace.makeRoom(0);
            clients.tick(now, settings.timeoutSeconds());
            if (memcached != null) {
                memcached.tick(now, settings.timeoutSeconds());
            }
        });
        timer = ticking;
        ClientPipeline pipeline = new ClientPipeline(
                shared(),
                shares,
                () -> new CommandExecutor(node, table),
                ProtectedMode.redis(settings, () -> Objects.requireNonNullElse(topology, loaded)));
        open(pipeline, memcached, loaded);
        ticking.start();
        links.open();
    }

    /** Fills the node from a file of Redis, where one is named. */
    private boolean imports(Functions functions) throws IOException {
        String file = config.persist().importRdb();
        if (file == null) {
            return false;
        }
        RdbImport.run(
                context.data().resolve(file),
                limits.maxBulk(),
                keyspace,
                context.clock().millis(),
                functions::load);
        return true;
    }

    private PersistSettings persist() {
        KvCacheConfig.Persist given = config.persist();
        return new PersistSettings(
                context.data(),
                given.journal(),
                given.snapshotEvery(),
                given.snapshotOnStop(),
                given.journalSize().bytes(),
                given.journalBuffer().bytes(),
                new CopySettings(given.copies(), given.copyMemory().bytes(), given.copyPatience()));
    }

    private void open(ClientPipeline clients, @Nullable MemcachedPipeline memcached, Topology loaded) throws Exception {
        String wrong = Ports.problem(config.memcachedPort(), config.tls(), loaded.clustered());
        if (wrong != null) {
            throw problem(context.file(), "kv-cache." + wrong);
        }
        Ports opening = new Ports(
                context.listeners(),
                context.node().host(),
                config.tls(),
                context.file().path());
        ports = opening;
        Integer port = context.node().port();
        int plain = opening.open("redis", port == null ? KvCacheMain.STANDARD_PORT : port, clients);
        topology = loaded.boundTo(plain, opening.secure("redis-tls", TlsConfig::port, clients));
        facts = NodeFacts.of(context, id(), plain);
        if (memcached != null) {
            opening.memcached(config.memcachedPort(), memcached);
        }
        listening = opening.bound();
    }

    private static ConfigException problem(StackFile file, String text) {
        return new ConfigException(List.of(new Problem(file.path().toString(), 1, 1, text)));
    }

    private NodeShare shared() {
        return new NodeShare(
                clients, pubSub, tracking, memory, limits, () -> !users.open(), keyspace.durability(), context.clock());
    }

    private CommandTable commands() {
        CommandTable.Builder builder = new CommandTable.Builder();
        CommandFamilies.register(builder, patterns);
        ScriptCommands.register(builder, scripts, System::nanoTime);
        AclCommands.register(builder, entropy);
        ConfigTable known = new ConfigTable(
                this::facts,
                config.persist().journal(),
                scripts,
                TlsConfig.shown(config.tls(), config.primaryTls() != null));
        InfoSources sources = new InfoSources(
                this::facts,
                known,
                () -> persistence,
                () -> replication,
                scripts,
                () -> listening,
                () -> peers == null ? 0 : peers.connected(),
                context.loops()::all,
                resident);
        ServerCommands.register(builder, new InfoReport(sources), known);
        ProcessCommands.register(
                builder,
                () -> started(persistence),
                context.stop(),
                config.persist().journal());
        DebugCommands.register(builder, this::id, yes -> started(timer).rests(yes));
        SaveCommands.register(builder, () -> started(persistence));
        ExchangeCommand.register(builder);
        SyncCommands.register(
                builder, () -> started(persistence).copies(), () -> started(replication), System::nanoTime);
        ReplicaCommands.register(builder, () -> started(replication), () -> facts().port());
        return builder.build();
    }

    /** The users of the file, as it has them; others stay. */
    private void users(KvCacheConfig given) throws ConfigException {
        for (String line : given.users()) {
            try {
                users.add(line);
            } catch (AclException e) {
                throw problem(context.file(), "kv-cache.users: " + e.getMessage());
            }
        }
    }

    private Topology topology() {
        return started(topology);
    }

    private NodeFacts facts() {
        return started(facts);
    }

    private <T> T started(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("node " + context.name() + " - not started");
        }
        return part;
    }

    private String id() {
        byte[] id = new byte[20];
        entropy.nextBytes(id);
        return HexFormat.of().formatHex(id);
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        return listening;
    }

    /** Memory, eviction, password and connection limit change at once; limits of the wire with the next start. */
    @Override
    public void reload(StackFile next) throws ConfigException {
        KvCacheConfig changed = next.section(context.node(), KvCacheConfig.class);
        if (loader.moved(topology(), next.cluster(context.node())) == null) {
            throw problem(
                    next,
                    "nodes: the nodes of this kv-cache cluster changed (expected: the nodes of the stored slot table;"
                            + " to move, stop all of them and follow what they say at start)");
        }
        Loaders opened = loaders;
        if (opened != null && !opened.fits(changed.loaders(), changed.patterns().values())) {
            throw problem(
                    next,
                    "kv-cache.loaders: changed, or the first pattern with `write: behind` (expected: as at the start;"
                            + " restart the node)");
        }
        users(changed);
        String unread = ports == null ? null : ports.reload();
        if (unread != null) {
            throw problem(next, "kv-cache." + unread);
        }
        settings.password(password(changed));
        settings.policy(changed.eviction());
        settings.protectedMode(changed.protectedMode());
        keyspace.eviction(eviction(changed));
        patterns.use(changed.patterns());
        keyspace.memoryLimit(changed.memory().bytes());
        clients.limit(changed.limits().maxClients());
        settings.timeoutSeconds(timeout(changed));
    }

    /** What was read is answered, then connections are closed: a Redis client keeps its connection open for ever. */
    @Override
    public CompletionStage<Void> drain() {
        context.listeners().stopAccepting();
        CompletableFuture<Void> drained = new CompletableFuture<>();
        for (Client client : clients.all()) {
            client.outlet().run(client::close);
        }
        awaitNobody(drained);
        return drained;
    }

    private void awaitNobody(CompletableFuture<Void> drained) {
        if (clients.count() == 0) {
            drained.complete(null);
        } else {
            context.loops()
                    .all()
                    .getFirst()
                    .schedule(() -> awaitNobody(drained), DRAIN_POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        LoopTimer ticking = timer;
        if (ticking != null) {
            ticking.close();
        }
        if (peers != null) {
            peers.close();
        }
        for (Client client : clients.all()) {
            client.outlet().run(client::close);
        }
        Loaders behind = loaders;
        if (behind != null) {
            behind.close();
        }
        Replication followed = replication;
        if (followed != null) {
            followed.close();
        }
        Persistence kept = persistence;
        if (kept != null) {
            kept.close();
        }
        if (ports != null) {
            ports.close();
        }
    }
}
