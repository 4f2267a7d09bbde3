package io.plinth.dbproxy;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.DbProxyConfig.DatabaseConfig;
import io.plinth.dbproxy.admin.AdminPages;
import io.plinth.dbproxy.auth.ClientEncryption;
import io.plinth.dbproxy.client.AdminConsole;
import io.plinth.dbproxy.client.ClientMetrics;
import io.plinth.dbproxy.client.Clients;
import io.plinth.dbproxy.client.Front;
import io.plinth.dbproxy.commit.TwoPhase;
import io.plinth.dbproxy.console.Console;
import io.plinth.dbproxy.console.Operations;
import io.plinth.dbproxy.console.Statistics;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.Definitions;
import io.plinth.dbproxy.database.PlanCounts;
import io.plinth.dbproxy.database.Reload;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.database.UserLookup;
import io.plinth.dbproxy.failover.ServerHealth;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.listen.ClientAcceptor;
import io.plinth.dbproxy.mirror.MirrorConfig;
import io.plinth.dbproxy.mirror.Mirrors;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.pool.PoolMetrics;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.Encryption;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.shard.DirectoryStore;
import io.plinth.dbproxy.trace.Traces;
import io.plinth.dbproxy.usage.SlowLog;
import io.plinth.dbproxy.usage.StatementBook;
import io.plinth.dbproxy.usage.UsageBook;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.TlsException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A db-proxy node, wired. Called by its runner's thread. */
final class DbProxy implements Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(DbProxy.class);
    private static final String LISTENER = "postgresql";
    private static final String ENDING = "the proxy is shutting down";

    private final NodeContext context;
    private final PoolDirectory pools;
    private final Clients clients = new Clients();
    private final ClientAcceptor acceptor;
    private final SecureRandom random = new SecureRandom();
    private final Definitions definitions;
    private final DirectoryStore directories;
    private final Operations operations;
    private final TwoPhase twoPhase;
    private final Mirrors mirrors;
    private final Traces traces;
    private volatile DbProxyConfig config;
    private volatile Map<String, Database> databases = Map.of();
    private volatile Front.Limits limits;
    private volatile @Nullable ClientEncryption encryption;
    private volatile @Nullable AdminConsole console;
    private Listeners.@Nullable Bound bound;

    DbProxy(NodeContext context) {
        this.context = context;
        DbProxyConfig first = context.section(DbProxyConfig.class);
        this.config = first;
        this.limits = limits(first);
        this.encryption = encryption(first.tls());
        List<EventLoop> loops = context.loops().all();
        ServerConnector connector = new ServerConnector(
                context.loops().clientChannel(), first.serverPreparedStatements(), System::nanoTime);
        this.pools = new PoolDirectory(
                loops, connector, new PoolMetrics(context.metrics(), System::nanoTime), System::nanoTime);
        this.directories = new DirectoryStore(context.data().resolve("directories"));
        this.definitions = new Definitions(
                connector,
                loops,
                context.node().region(),
                this::besideFile,
                random,
                System::nanoTime,
                context.file().stack().regions(),
                directories);
        Map<EventLoop, StatementCaches> caches = new HashMap<>();
        PlanCounts counts = new PlanCounts(context.metrics());
        loops.forEach(loop -> caches.put(
                loop, new StatementCaches(first.plans(), first.planMemory().bytes(), counts)));
        StatementBook statements = new StatementBook(first.statements(), context.metrics(), System::nanoTime);
        UsageBook usage = new UsageBook(loops, statements);
        SlowLog slow = new SlowLog();
        this.mirrors = new Mirrors(loops, connector, usage, random, System::nanoTime, context.metrics());
        this.traces = new Traces(context.name(), ThreadLocalRandom::current, context.clock(), context.metrics());
        this.twoPhase = new TwoPhase(context.data(), connector, loops, random, System::nanoTime, context.metrics());
        this.operations = new Operations(
                () -> databases,
                () -> config,
                pools,
                clients,
                twoPhase,
                new Statistics(usage, loops.getFirst(), System::nanoTime),
                context.admin()::reload,
                () -> Math.max(0, port()),
                System::nanoTime,
                context.clock());
        this.acceptor = new ClientAcceptor(new Front(
                () -> databases,
                pools,
                Map.copyOf(caches),
                new CancelKeys(random),
                new CancelSender(connector),
                connector,
                new UserLookup(pools, System::nanoTime),
                () -> encryption,
                new ClientMetrics(context.metrics()),
                clients,
                usage,
                slow,
                twoPhase,
                mirrors,
                traces,
                () -> console,
                () -> limits,
                random,
                System::nanoTime,
                context.clock()));
        AdminPages.register(context.admin(), pools, this::servers, () -> databases, statements, slow, directories);
    }

    private static Front.Limits limits(DbProxyConfig config) {
        return new Front.Limits(
                config.clients(),
                config.loginTimeout(),
                (int) config.maxMessage().bytes(),
                config.maxPipeline().bytes(),
                config.maxPipelineMessages(),
                config.preparedStatements());
    }

    private @Nullable ClientEncryption encryption(DbProxyConfig.@Nullable TlsConfig tls) {
        if (tls == null) {
            return null;
        }
        Path authorities = tls.clientCa();
        return new ClientEncryption(
                besideFile(tls.cert()),
                besideFile(tls.key()),
                authorities == null ? null : besideFile(authorities),
                tls.required());
    }

    /** Paths in the file are relative to it. */
    private Path besideFile(Path path) {
        return context.file().path().toAbsolutePath().resolveSibling(path);
    }

    @Override
    public void start() throws Exception {
        Map<String, Database> opened = new LinkedHashMap<>();
        for (Map.Entry<String, DatabaseConfig> entry : config.databases().entrySet()) {
            opened.put(entry.getKey(), definitions.open(entry.getKey(), entry.getValue(), context.data()));
        }
        opened.values().forEach(DbProxy::startAsking);
        twoPhase.serve(opened.values());
        mirrors.serve(mirrored(config));
        traces.serve(config.tracing());
        databases = Map.copyOf(opened);
        console = Console.of(config.console(), operations, random);
        bound = context.listeners().tcp(LISTENER, new HostPort(context.node().host(), Math.max(0, port())), acceptor);
    }

    private static Map<String, MirrorConfig> mirrored(DbProxyConfig config) {
        Map<String, MirrorConfig> mirrored = new HashMap<>();
        config.databases().forEach((name, database) -> {
            MirrorConfig mirror = database.mirror();
            if (mirror != null) {
                mirrored.put(name, mirror);
            }
        });
        return mirrored;
    }

    private static void startAsking(Database database) {
        database.setup().health().values().forEach(ShardHealth::start);
    }

    /** Where clients connect to: bound, or wished for. */
    private int port() {
        Listeners.Bound listener = bound;
        Integer port = context.node().port();
        return listener != null ? listener.address().getPort() : port == null ? DbProxyMain.TYPE.standardPort() : port;
    }

    /** What clients may ask for now. */
    Collection<Database> databases() {
        return databases.values();
    }

    private Map<String, ServerHealth> servers() {
        Map<String, ServerHealth> all = new TreeMap<>();
        databases
                .values()
                .forEach(database -> database.setup().health().values().forEach(shard -> all.putAll(shard.byName())));
        return all;
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        Listeners.Bound listener = bound;
        return listener == null ? Map.of() : Map.of(LISTENER, listener.address());
    }

    /** Everything that can fail comes first, on copies; what the change does not concern keeps its connections. */
    @Override
    public void reload(StackFile file) throws ConfigException {
        DbProxyConfig before = config;
        DbProxyConfig next = file.section(context.node(), DbProxyConfig.class);
        Reload.demandReloadable(file, before, next);
        Map<String, Database> after = new LinkedHashMap<>();
        Map<Database, Database.Setup> setups = new LinkedHashMap<>();
        ClientEncryption tls;
        AdminConsole operators;
        try {
            tls = encryption(next.tls());
            operators = Console.of(next.console(), operations, random);
            for (Map.Entry<String, DatabaseConfig> entry : next.databases().entrySet()) {
                String name = entry.getKey();
                Database known = databases.get(name);
                DatabaseConfig old = before.databases().get(name);
                if (known == null || old == null) {
                    after.put(name, definitions.open(name, entry.getValue(), context.data()));
                } else {
                    after.put(name, known);
                    setups.put(known, definitions.next(known, name, old, entry.getValue()));
                }
            }
        } catch (IOException | TlsException | IllegalArgumentException e) {
            throw Reload.refused(file, e);
        }
        Map<String, Database> gone = new LinkedHashMap<>(databases);
        gone.keySet().removeAll(after.keySet());
        after.values().stream().filter(each -> !setups.containsKey(each)).forEach(DbProxy::startAsking);
        setups.forEach(definitions::change);
        serveTwoPhase(after.values());
        mirrors.serve(mirrored(next));
        traces.serve(next.tracing());
        config = next;
        limits = limits(next);
        encryption = tls;
        console = operators;
        databases = Map.copyOf(after);
        gone.values().forEach(this::end);
        pools.retire(this::outdated);
    }

    /** The file is good by now: where no log can be opened, transactions over several shards are refused one by one. */
    private void serveTwoPhase(Collection<Database> served) {
        try {
            twoPhase.serve(served);
        } catch (IOException e) {
            LOG.error("transactions over several shards are refused", e);
        }
    }

    /** A database that is not in the file any more: its clients go as each ends its transaction. */
    private void end(Database database) {
        database.gate().resume();
        clients.letGo(client -> client.database() == database, "database \"" + database.name() + "\" was removed")
                .thenRun(() -> database.setup().health().values().forEach(ShardHealth::close));
    }

    /** Whether no session can ask for this server any more. */
    private boolean outdated(ServerKey key) {
        Database database = databases.get(key.owner());
        if (database == null) {
            return true;
        }
        Database.Setup setup = database.setup();
        Encryption current = setup.rules().encryption();
        return setup.serversOf().apply(key.login().over(current)).values().stream()
                .noneMatch(servers -> servers.has(key));
    }

    @Override
    public CompletionStage<Void> drain() {
        context.listeners().stopAccepting();
        databases.values().forEach(database -> database.gate().resume());
        return clients.letGo(client -> true, ENDING);
    }

    @Override
    public void close() {
        clients.close();
        databases
                .values()
                .forEach(database -> database.setup().health().values().forEach(ShardHealth::close));
        operations.close();
        twoPhase.close();
        mirrors.close();
        traces.close();
        pools.close();
        directories.close();
    }
}
