package io.plinth.dbproxy.database;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.DbProxyConfig.DatabaseConfig;
import io.plinth.dbproxy.DbProxyConfig.ReadYourWrites;
import io.plinth.dbproxy.DbProxyConfig.ReplicaConfig;
import io.plinth.dbproxy.DbProxyConfig.ShardConfig;
import io.plinth.dbproxy.DbProxyConfig.UserConfig;
import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.auth.ClientEncryption;
import io.plinth.dbproxy.auth.Credential;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.server.Encryption;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.shard.BucketMap;
import io.plinth.dbproxy.shard.DirectoryStore;
import io.plinth.dbproxy.shard.ShardAudit;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.config.RegionConfig;
import io.plinth.kit.config.Secret;
import io.plinth.kit.net.ClientTls;
import io.plinth.kit.net.TlsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Turns a database's section into what sessions see of it. Stateless; called by the node's runner. */
public final class Definitions {
    private final ServerConnector connector;
    private final List<EventLoop> loops;
    private final @Nullable String region;
    private final UnaryOperator<Path> besideFile;
    private final SecureRandom random;
    private final LongSupplier nanoTime;
    private final Map<String, RegionConfig> regions;
    private final DirectoryStore directories;

    /**
     * Definitions for a node.
     *
     * @param region the node's own
     * @param besideFile makes a path of the file one that can be opened
     * @param regions those of the stack
     * @param directories lookup tables
     */
    public Definitions(
            ServerConnector connector,
            List<EventLoop> loops,
            @Nullable String region,
            UnaryOperator<Path> besideFile,
            SecureRandom random,
            LongSupplier nanoTime,
            Map<String, RegionConfig> regions,
            DirectoryStore directories) {
        this.connector = connector;
        this.loops = List.copyOf(loops);
        this.region = region;
        this.besideFile = besideFile;
        this.random = random;
        this.nanoTime = nanoTime;
        this.regions = Map.copyOf(regions);
        this.directories = directories;
    }

    /** A database whose servers are not asked yet; {@code data} is the node's folder, where its buckets are. */
    public Database open(String name, DatabaseConfig config, Path data) throws IOException, TlsException {
        List<ShardedTable> tables = new ArrayList<>();
        TableSchemes schemes = new TableSchemes(config.shards().keySet(), regions, directory -> {
            try {
                return directories.open(name, directory, config.directoryEntries());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        config.tables().forEach((table, t) -> tables.add(schemes.table(table, t)));
        List<String> shards = config.shards().keySet().stream().sorted().toList();
        BucketMap buckets = BucketMap.open(data.resolve("buckets." + name), name, shards, tables);
        String first = config.defaultShard() == null ? shards.getFirst() : config.defaultShard();
        Topology topology = new Topology(name, shards, first, Topology.byName(tables), config.schemas(), buckets);
        AtomicReference<@Nullable Database> opened = new AtomicReference<>();
        Encryption encryption = encryption(config.serverTls());
        Map<String, ShardHealth> health = health(name, config, encryption, topology, opened);
        Database made = new Database(topology, setup(name, config, encryption, health, RuleSet.NONE));
        opened.set(made);
        // What was written before the start is not known: replicas have to be asked once.
        health.values().forEach(each -> each.wrote(nanoTime.getAsLong()));
        return made;
    }

    /** What a database becomes by what the file says now. */
    public Database.Setup next(Database database, String name, DatabaseConfig before, DatabaseConfig next)
            throws IOException, TlsException {
        Database.Setup old = database.setup();
        Encryption encryption =
                before.serverTls().equals(next.serverTls()) ? old.rules().encryption() : encryption(next.serverTls());
        boolean same = Objects.equals(encryption, old.rules().encryption())
                && before.shards().equals(next.shards())
                && before.healthInterval().equals(next.healthInterval())
                && watcher(name, before, encryption).equals(watcher(name, next, encryption));
        Map<String, ShardHealth> health = same
                ? old.health()
                : health(name, next, encryption, database.topology(), new AtomicReference<>(database));
        return setup(name, next, encryption, health, old.rules().statements());
    }

    /** Changes a database; probes of servers that are gone end. */
    public void change(Database database, Database.Setup next) {
        Database.Setup old = database.setup();
        boolean same = old.health().equals(next.health());
        if (!same) {
            // What was written is not known to the new ones: from here on replicas have to be asked.
            next.health().values().forEach(each -> each.wrote(nanoTime.getAsLong()));
            next.health().forEach((shard, each) -> each.follow(old.health(shard)));
        }
        database.change(next);
        if (!same) {
            // Once more for the writes that were told to the old ones meanwhile.
            next.health().values().forEach(each -> each.wrote(nanoTime.getAsLong()));
            next.health().values().forEach(ShardHealth::start);
            old.health().values().forEach(ShardHealth::close);
        }
    }

    private Database.Setup setup(
            String name,
            DatabaseConfig config,
            @Nullable Encryption encryption,
            Map<String, ShardHealth> health,
            RuleSet before)
            throws IOException {
        String first = config.defaultShard() == null
                ? config.shards().keySet().stream().sorted().findFirst().orElse("")
                : config.defaultShard();
        return new Database.Setup(
                rules(config, encryption, before),
                users(name, config),
                login -> serversByShard(name, config, login),
                lookup(name, config, first, encryption),
                health);
    }

    private Map<String, ShardHealth> health(
            String name,
            DatabaseConfig config,
            @Nullable Encryption encryption,
            Topology topology,
            AtomicReference<@Nullable Database> opened) {
        ShardAudit audit = new ShardAudit(topology.tables());
        Map<String, ShardHealth> byShard = new TreeMap<>();
        for (String shard : topology.shards()) {
            Database.Servers servers = servers(name, config, shard, watcher(name, config, encryption));
            byShard.put(
                    shard,
                    new ShardHealth(
                            connector,
                            loops.get(byShard.size() % loops.size()),
                            config.healthInterval(),
                            nanoTime,
                            servers.primary(),
                            inFileOrder(servers),
                            topology.sharded() && !audit.none() ? audit.sql() : "",
                            rows -> {
                                Database known = opened.get();
                                if (known != null) {
                                    known.audited(audit, rows);
                                }
                            }));
        }
        return byShard;
    }

    private static List<ServerKey> inFileOrder(Database.Servers servers) {
        return IntStream.range(0, servers.replicas().size())
                .boxed()
                .sorted(Comparator.comparing(i -> servers.healthIndex().get(i)))
                .map(i -> servers.replicas().get(i))
                .toList();
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
                                : ClientTls.verifying(besideFile.apply(authorities), protocols),
                        true);
        };
    }

    /** Whose login asks servers how they are: the first user's, or the one who looks users up. */
    private static Login watcher(String name, DatabaseConfig database, @Nullable Encryption encryption) {
        DbProxyConfig.AuthQueryConfig query = database.authQuery();
        return query != null && database.users().isEmpty()
                ? new Login(query.user(), query.password(), null, null, encryption)
                : login(configured(name, database).entrySet().iterator().next()).over(encryption);
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

    private Database.Rules rules(DatabaseConfig database, @Nullable Encryption encryption, RuleSet before)
            throws IOException {
        Path hba = database.hba();
        DbProxyConfig.PoolConfig pool = database.pool();
        return new Database.Rules(
                new PoolLimits(
                        pool.size(),
                        pool.maxUser(),
                        pool.maxDatabase(),
                        pool.maxServer(),
                        pool.queue(),
                        pool.patience(),
                        pool.connectTimeout(),
                        pool.idle(),
                        pool.lifetime()),
                pool.mode() == DbProxyConfig.PoolMode.SESSION,
                pool.mode() == DbProxyConfig.PoolMode.STATEMENT,
                hba == null
                        ? AccessRules.standard(database.loopback() == DbProxyConfig.Loopback.TRUST)
                        : AccessRules.read(besideFile.apply(hba)),
                database.passThrough(),
                database.learnedUsers(),
                encryption,
                database.readYourWrites() != ReadYourWrites.OFF,
                database.readYourWrites() == ReadYourWrites.PROXY
                        || database.readYourWrites() == ReadYourWrites.DATABASE,
                database.maxLag().bytes(),
                database.readWait(),
                database.failoverWait(),
                database.maxMerge().bytes(),
                database.slowStatement().toNanos(),
                database.causalKeys(),
                database.twoPhase() == DbProxyConfig.TwoPhaseMode.ON,
                database.twoPhaseTimeout(),
                RuleSet.of(database.rules(), before, nanoTime),
                database.clients());
    }

    /** The configured users, or one named like the database. */
    private static Map<String, UserConfig> configured(String name, DatabaseConfig database) {
        return database.users().isEmpty() ? Map.of(name, new UserConfig(null, null, null, null)) : database.users();
    }

    private Map<String, Database.Known> users(String name, DatabaseConfig database) {
        Map<String, Database.Known> users = new HashMap<>();
        for (Map.Entry<String, UserConfig> entry : configured(name, database).entrySet()) {
            UserConfig user = entry.getValue();
            Login login = login(entry);
            users.put(
                    entry.getKey(),
                    new Database.Known(
                            credential(entry.getKey(), user.password(), user.verifier(), random),
                            user.verifier() != null && login.password() == null,
                            login));
        }
        return users;
    }

    /** What is known of a password, given as it is or as PostgreSQL stores it; at most one of them. */
    public static Credential credential(
            String name, @Nullable Secret password, @Nullable Secret verifier, SecureRandom random) {
        if (verifier != null) {
            return Credential.ofStored(verifier.reveal().strip());
        }
        return password == null ? Credential.NONE : Credential.ofPassword(name, password.reveal(), random);
    }

    private static Login login(Map.Entry<String, UserConfig> entry) {
        UserConfig user = entry.getValue();
        String name = user.serverUser();
        Secret password = user.serverPassword();
        return new Login(
                name == null ? entry.getKey() : name, password == null ? user.password() : password, null, null, null);
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
                new ServerKey(name, prefix, shard, false, servers.primary(), named, login),
                order.stream()
                        .map(i -> new ServerKey(
                                name,
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
        String at = replica.region();
        return at == null || at.equals(region);
    }
}
