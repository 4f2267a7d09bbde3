package io.plinth.dbproxy;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.DbProxyConfig.DatabaseConfig;
import io.plinth.dbproxy.DbProxyConfig.ReadYourWrites;
import io.plinth.dbproxy.DbProxyConfig.ReplicaConfig;
import io.plinth.dbproxy.DbProxyConfig.ShardConfig;
import io.plinth.dbproxy.DbProxyConfig.UserConfig;
import io.plinth.dbproxy.admin.AdminPages;
import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.auth.ClientEncryption;
import io.plinth.dbproxy.auth.Credential;
import io.plinth.dbproxy.client.ClientMetrics;
import io.plinth.dbproxy.client.Front;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.database.UserLookup;
import io.plinth.dbproxy.failover.ServerHealth;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.listen.ClientAcceptor;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.pool.PoolMetrics;
import io.plinth.dbproxy.route.ShardAudit;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.Encryption;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.shard.BucketMap;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.Secret;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.ClientTls;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.TlsException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A db-proxy node, wired. Called by its runner's thread. */
final class DbProxy implements Daemon {
    private static final String LISTENER = "postgresql";

    private final NodeContext context;
    private final DbProxyConfig config;
    private final ServerConnector connector;
    private final PoolDirectory pools;
    private final ClientAcceptor acceptor;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, ShardHealth> health = new TreeMap<>();
    private volatile Map<String, Database> databases = Map.of();
    private Listeners.@Nullable Bound bound;

    DbProxy(NodeContext context) {
        this.context = context;
        this.config = context.section(DbProxyConfig.class);
        List<EventLoop> loops = context.loops().all();
        this.connector = new ServerConnector(
                context.loops().clientChannel(), config.serverPreparedStatements(), System::nanoTime);
        this.pools = new PoolDirectory(loops, connector, new PoolMetrics(context.metrics()), System::nanoTime);
        Map<EventLoop, StatementCaches> caches = new HashMap<>();
        loops.forEach(loop -> caches.put(loop, new StatementCaches(config.plans())));
        Front.Limits limits = new Front.Limits(
                config.clients(),
                config.loginTimeout(),
                (int) config.maxMessage().bytes(),
                config.maxPipeline().bytes(),
                config.maxPipelineMessages(),
                config.preparedStatements());
        this.acceptor = new ClientAcceptor(new Front(
                () -> databases,
                pools,
                Map.copyOf(caches),
                new CancelKeys(random),
                new CancelSender(connector),
                connector,
                new UserLookup(pools, System::nanoTime),
                encryption(config.tls()),
                new ClientMetrics(context.metrics()),
                limits,
                random,
                System::nanoTime));
        AdminPages.register(context.admin(), pools, this::servers, () -> databases);
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

    private @Nullable Encryption encryption(DbProxyConfig.ServerTlsConfig tls) throws TlsException {
        Path authorities = tls.ca();
        List<String> protocols = List.of(ClientEncryption.PROTOCOL);
        return switch (tls.mode()) {
            case OFF -> null;
            case PREFER -> new Encryption(ClientTls.unverified(protocols), false);
            case REQUIRE -> new Encryption(ClientTls.unverified(protocols), true);
            case VERIFY ->
                new Encryption(
                        authorities == null
                                ? ClientTls.verifying(protocols)
                                : ClientTls.verifying(besideFile(authorities), protocols),
                        true);
        };
    }

    @Override
    public void start() throws Exception {
        Map<String, Database> opened = new LinkedHashMap<>();
        for (Map.Entry<String, DatabaseConfig> entry : config.databases().entrySet()) {
            opened.put(entry.getKey(), open(entry.getKey(), entry.getValue()));
        }
        databases = Map.copyOf(opened);
        Integer port = context.node().port();
        bound = context.listeners()
                .tcp(
                        LISTENER,
                        new HostPort(context.node().host(), port == null ? DbProxyMain.TYPE.standardPort() : port),
                        acceptor);
    }

    private Database open(String name, DatabaseConfig database) throws IOException, TlsException {
        Encryption encryption = encryption(database.serverTls());
        List<ShardedTable> tables = new ArrayList<>();
        database.tables().forEach((table, t) -> tables.add(new ShardedTable(table, t.key(), t.type())));
        List<String> shards = database.shards().keySet().stream().sorted().toList();
        BucketMap buckets = BucketMap.open(context.data().resolve("buckets." + name), name, shards, tables);
        String first = database.defaultShard() == null ? shards.getFirst() : database.defaultShard();
        Topology topology = new Topology(name, shards, first, Topology.byName(tables), buckets);
        Map<String, Database.User> users = users(name, database, encryption);
        ShardAudit audit = new ShardAudit(topology.tables());
        AtomicReference<@Nullable Database> opened = new AtomicReference<>();
        Map<String, ShardHealth> byShard = new TreeMap<>();
        List<EventLoop> loops = context.loops().all();
        for (String shard : shards) {
            Database.Servers servers = servers(name, database, shard, watcher(name, database, encryption));
            ShardHealth watch = new ShardHealth(
                    connector,
                    loops.get(byShard.size() % loops.size()),
                    database.healthInterval(),
                    System::nanoTime,
                    servers.primary(),
                    inFileOrder(servers),
                    topology.sharded() && !tables.isEmpty() ? audit.sql() : "",
                    rows -> {
                        Database known = opened.get();
                        if (known != null) {
                            known.audited(audit, rows);
                        }
                    });
            byShard.put(shard, watch);
            health.put(name + "/" + shard, watch);
        }
        Database made = new Database(
                topology,
                rules(database, encryption),
                users,
                login -> serversByShard(name, database, login),
                lookup(name, database, first, encryption),
                byShard);
        opened.set(made);
        byShard.values().forEach(ShardHealth::start);
        return made;
    }

    private static List<ServerKey> inFileOrder(Database.Servers servers) {
        return IntStream.range(0, servers.replicas().size())
                .boxed()
                .sorted(Comparator.comparing(i -> servers.healthIndex().get(i)))
                .map(i -> servers.replicas().get(i))
                .toList();
    }

    /** Whose login asks servers how they are: the first user's, or the one who looks users up. */
    private static Login watcher(String name, DatabaseConfig database, @Nullable Encryption encryption) {
        DbProxyConfig.AuthQueryConfig query = database.authQuery();
        return query != null && database.users().isEmpty()
                ? new Login(query.user(), query.password(), null, null, encryption)
                : login(configured(name, database).entrySet().iterator().next(), encryption);
    }

    private Database.@Nullable Lookup lookup(
            String name, DatabaseConfig database, String shard, @Nullable Encryption encryption) {
        DbProxyConfig.AuthQueryConfig query = database.authQuery();
        if (query == null) {
            return null;
        }
        Login login = new Login(query.user(), query.password(), null, null, encryption);
        return new Database.Lookup(servers(name, database, shard, login).primary(), query.sql());
    }

    private Map<String, Database.Servers> serversByShard(String name, DatabaseConfig database, Login login) {
        Map<String, Database.Servers> servers = new HashMap<>();
        database.shards().keySet().forEach(shard -> servers.put(shard, servers(name, database, shard, login)));
        return servers;
    }

    private Database.Rules rules(DatabaseConfig database, @Nullable Encryption encryption) throws IOException {
        Path hba = database.hba();
        DbProxyConfig.PoolConfig pool = database.pool();
        return new Database.Rules(
                new PoolLimits(
                        pool.size(),
                        pool.queue(),
                        pool.patience(),
                        pool.connectTimeout(),
                        pool.idle(),
                        pool.lifetime()),
                pool.mode() == DbProxyConfig.PoolMode.SESSION,
                pool.mode() == DbProxyConfig.PoolMode.STATEMENT,
                hba == null
                        ? AccessRules.standard(database.loopback() == DbProxyConfig.Loopback.TRUST)
                        : AccessRules.read(besideFile(hba)),
                database.passThrough(),
                database.learnedUsers(),
                encryption,
                database.readYourWrites() != ReadYourWrites.OFF,
                database.readYourWrites() == ReadYourWrites.PROXY
                        || database.readYourWrites() == ReadYourWrites.DATABASE,
                database.maxLag().bytes(),
                database.readWait(),
                database.failoverWait(),
                database.maxMerge().bytes());
    }

    /** The configured users, or one named like the database. */
    private static Map<String, UserConfig> configured(String name, DatabaseConfig database) {
        return database.users().isEmpty() ? Map.of(name, new UserConfig(null, null, null, null)) : database.users();
    }

    private Map<String, Database.User> users(String name, DatabaseConfig database, @Nullable Encryption encryption) {
        Map<String, Database.User> users = new HashMap<>();
        for (Map.Entry<String, UserConfig> entry : configured(name, database).entrySet()) {
            UserConfig user = entry.getValue();
            Login login = login(entry, encryption);
            users.put(
                    entry.getKey(),
                    new Database.User(
                            entry.getKey(),
                            credential(entry.getKey(), user),
                            user.verifier() != null && login.password() == null,
                            serversByShard(name, database, login)));
        }
        return users;
    }

    private Credential credential(String name, UserConfig user) {
        Secret verifier = user.verifier();
        Secret password = user.password();
        if (verifier != null) {
            return Credential.ofStored(verifier.reveal().strip());
        }
        return password == null ? Credential.NONE : Credential.ofPassword(name, password.reveal(), random);
    }

    private static Login login(Map.Entry<String, UserConfig> entry, @Nullable Encryption encryption) {
        UserConfig user = entry.getValue();
        String name = user.serverUser();
        Secret password = user.serverPassword();
        return new Login(
                name == null ? entry.getKey() : name,
                password == null ? user.password() : password,
                null,
                null,
                encryption);
    }

    /** A shard's servers; replicas of the node's own region first. */
    private Database.Servers servers(String name, DatabaseConfig database, String shard, Login login) {
        ShardConfig servers = Collections.unmodifiableMap(database.shards()).get(shard);
        if (servers == null) {
            throw new IllegalArgumentException("shard: " + shard + " (expected: one of the file's)");
        }
        String prefix = name + "/" + shard;
        String named = servers.database() == null ? name : servers.database();
        List<Map.Entry<String, ReplicaConfig>> replicas =
                List.copyOf(servers.replicas().entrySet());
        List<Integer> order = IntStream.range(0, replicas.size())
                .boxed()
                .sorted(Comparator.comparing(i -> !isNear(replicas.get(i).getValue())))
                .toList();
        return new Database.Servers(
                new ServerKey(prefix, shard, false, servers.primary(), named, login),
                order.stream()
                        .map(i -> new ServerKey(
                                prefix + "/" + replicas.get(i).getKey(),
                                shard,
                                true,
                                replicas.get(i).getValue().at(),
                                named,
                                login))
                        .toList(),
                order,
                (int) replicas.stream()
                        .filter(replica -> isNear(replica.getValue()))
                        .count());
    }

    private boolean isNear(ReplicaConfig replica) {
        String region = replica.region();
        return region == null || region.equals(context.node().region());
    }

    private Map<String, ServerHealth> servers() {
        Map<String, ServerHealth> all = new TreeMap<>();
        health.values().forEach(shard -> all.putAll(shard.byName()));
        return all;
    }

    @Override
    public Map<String, InetSocketAddress> listening() {
        Listeners.Bound listener = bound;
        return listener == null ? Map.of() : Map.of(LISTENER, listener.address());
    }

    @Override
    public void reload(StackFile next) throws ConfigException {
        if (!next.section(context.node(), DbProxyConfig.class).equals(config)) {
            throw new ConfigException(List.of(new Problem(
                    next.path().toString(),
                    1,
                    1,
                    "db-proxy: changed (expected: unchanged on reload; restart this node)")));
        }
    }

    @Override
    public CompletionStage<Void> drain() {
        context.listeners().stopAccepting();
        return acceptor.drain();
    }

    @Override
    public void close() {
        acceptor.close();
        health.values().forEach(ShardHealth::close);
        pools.close();
    }
}
