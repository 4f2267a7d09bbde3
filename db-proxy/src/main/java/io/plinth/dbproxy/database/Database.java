package io.plinth.dbproxy.database;

import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.auth.Credential;
import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.dbproxy.auth.ScramVerifier;
import io.plinth.dbproxy.failover.KeyedWrites;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.server.Encryption;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.session.ClientBounds;
import io.plinth.dbproxy.shard.ShardAudit;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.config.Secret;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A database as sessions see it. What a reload may change is one immutable snapshot, replaced by the node's runner; what
 * servers report of themselves any loop may replace.
 */
public final class Database {
    private final Topology topology;
    private final Gate gate = new Gate();
    private final KeyedWrites keyedWrites;
    private final Map<String, User> learned;
    private volatile @Nullable Configured configured;
    private volatile Setup setup;
    private volatile Classifier classifier;
    private Map<String, ShardedTable> tables;
    private volatile boolean bytewise;
    private boolean otherCollation;
    private volatile Map<String, String> parameters = Map.of();

    public Database(Topology topology, Setup setup) {
        this.learned = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, User> eldest) {
                return size() > rules().learnedUsers();
            }
        });
        this.topology = topology;
        this.setup = setup;
        this.keyedWrites = new KeyedWrites(setup.rules().causalKeys());
        this.classifier = topology.classifier();
        this.tables = topology.tables();
    }

    /**
     * What a reload may change.
     *
     * @param users the configured ones
     * @param serversOf the servers by shard, for a login
     */
    public record Setup(
            Rules rules,
            Map<String, Known> users,
            Function<Login, Map<String, Servers>> serversOf,
            @Nullable Lookup lookup,
            Map<String, ShardHealth> health) {
        public Setup {
            users = Map.copyOf(users);
            health = Map.copyOf(health);
        }

        public ShardHealth health(String shard) {
            ShardHealth found = health.get(shard);
            if (found == null) {
                throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + health.keySet() + ")");
            }
            return found;
        }
    }

    /**
     * A configured user.
     *
     * @param keysWanted whether the servers want what only the client's own proof tells
     * @param login how the proxy logs in to the servers for it
     */
    public record Known(Credential credential, boolean keysWanted, Login login) {}

    /** From now on it is as {@code next} says; sessions follow with their next transaction. */
    public void change(Setup next) {
        setup = next;
    }

    public Setup setup() {
        return setup;
    }

    /** The default shard's configured primary, with some configured user's login. */
    public ServerKey primary() {
        Setup now = setup;
        Login login = now.users().isEmpty()
                ? new Login(name(), null, null, null, null)
                : now.users().values().iterator().next().login();
        Servers servers = now.serversOf().apply(login).get(topology.defaultShard());
        if (servers == null) {
            throw new IllegalStateException("no servers - shard=" + topology.defaultShard());
        }
        return servers.primary();
    }

    /** What the clients of causal keys have written. */
    public KeyedWrites keyedWrites() {
        return keyedWrites;
    }

    /** Where operators hold clients up. */
    public Gate gate() {
        return gate;
    }

    /**
     * How sessions behave.
     *
     * @param sessionMode whether a client keeps its server connection until it leaves
     * @param statementMode whether transactions of several statements are refused
     * @param access who may come in, and how
     * @param passThrough whether a password may be tried on a server, for users that are not configured
     * @param learnedUsers users kept that are not configured
     * @param encryption TLS towards the servers, or null
     * @param ownWrites whether reads must see the session's own writes
     * @param allWrites whether reads must see every write that passed this proxy
     * @param readWait how long a read waits for a replica that has replayed them
     * @param maxMerge bytes of rows of several shards that are kept to be combined
     * @param twoPhase whether a transaction may write on several shards
     * @param twoPhaseTimeout how long a shard may take to prepare, and to lock a row meanwhile
     * @param statements what rules say of statements
     * @param clients how many may be logged in
     * @param causalKeys keys and shards whose last write is kept
     * @param slowNanos from when on a statement is slow; 0 for never
     * @param failoverWait how long a request waits for a primary
     */
    public record Rules(
            PoolLimits pool,
            boolean sessionMode,
            boolean statementMode,
            AccessRules access,
            boolean passThrough,
            int learnedUsers,
            @Nullable Encryption encryption,
            boolean ownWrites,
            boolean allWrites,
            long maxLag,
            Duration readWait,
            Duration failoverWait,
            long maxMerge,
            long slowNanos,
            int causalKeys,
            boolean twoPhase,
            Duration twoPhaseTimeout,
            RuleSet statements,
            ClientBounds clients) {}

    /** A user who is logging in or has. Immutable but for where its servers are, which any loop may look up anew. */
    public final class User {
        private final String name;
        private final Credential credential;
        private final boolean keysWanted;
        private final Login login;
        private volatile Placed placed;

        private User(String name, Credential credential, boolean keysWanted, Login login) {
            this.name = name;
            this.credential = credential;
            this.keysWanted = keysWanted;
            this.login = login;
            this.placed = place(setup);
        }

        public String name() {
            return name;
        }

        public Credential credential() {
            return credential;
        }

        boolean keysWanted() {
            return keysWanted;
        }

        public String serverName() {
            return login.user();
        }

        private Placed place(Setup now) {
            Known known =
                    login.keys() == null && login.md5() == null ? now.users().get(name) : null;
            Login current = known == null ? login : known.login();
            return new Placed(
                    now.serversOf(),
                    now.serversOf().apply(current.over(now.rules().encryption())));
        }

        public Servers servers(String shard) {
            return servers(setup, shard);
        }

        /** Its servers as {@code current} has them, so that they fit that snapshot's health. */
        public Servers servers(Setup current, String shard) {
            Placed now = placed;
            if (!now.serversOf().equals(current.serversOf())) {
                now = place(current);
                placed = now;
            }
            Servers found = now.servers().get(shard);
            if (found == null) {
                throw new IllegalArgumentException("shard: " + shard + " (expected: one of "
                        + now.servers().keySet() + ")");
            }
            return found;
        }
    }

    /** The users of a setup that have been asked for. */
    private record Configured(Setup of, Map<String, User> made) {}

    private record Placed(Function<Login, Map<String, Servers>> serversOf, Map<String, Servers> servers) {}

    /**
     * How users that are not configured are found.
     *
     * @param key where to ask
     * @param sql with $1 for the user's name; its second column is what is stored of the password
     */
    public record Lookup(ServerKey key, String sql) {}

    /**
     * A shard's servers.
     *
     * @param replicas those of the own region first
     * @param near how many those are
     */
    public record Servers(ServerKey primary, List<ServerKey> replicas, List<Integer> healthIndex, int near) {
        public Servers {
            replicas = List.copyOf(replicas);
            healthIndex = List.copyOf(healthIndex);
        }

        /** Whether it is one of them. */
        public boolean has(ServerKey key) {
            return key.equals(primary)
                    || replicas.stream().anyMatch(replica -> key.equals(replica) || key.equals(replica.promoted()));
        }

        /** The server that takes writes; {@code leader} as {@link ShardHealth#leader} says. */
        public ServerKey leader(int leader) {
            return leader < 0
                    ? primary
                    : replicas.get(healthIndex.indexOf(leader)).promoted();
        }
    }

    public String name() {
        return topology.database();
    }

    public Topology topology() {
        return topology;
    }

    public Classifier classifier() {
        return classifier;
    }

    /** A shard's catalogue was asked; what must not be routed any more is refused from now on. Any loop. */
    public synchronized void audited(ShardAudit audit, List<List<@Nullable String>> rows) {
        otherCollation |= !ShardAudit.bytewise(rows);
        bytewise = !otherCollation;
        Map<String, ShardedTable> found = audit.apply(tables, rows);
        if (!found.equals(tables)) {
            tables = found;
            classifier = topology.classifier(found);
        }
    }

    public Rules rules() {
        return setup.rules();
    }

    /** A configured user; the same object for all its clients while the setup does not change. Any loop. */
    @SuppressWarnings("ReferenceEquality")
    public @Nullable User user(String name) {
        Setup now = setup;
        Known known = now.users().get(name);
        if (known == null) {
            return null;
        }
        Configured users = configured;
        if (users == null || users.of() != now) {
            users = new Configured(now, new ConcurrentHashMap<>());
            configured = users;
        }
        return users.made()
                .computeIfAbsent(name, n -> new User(n, known.credential(), known.keysWanted(), known.login()));
    }

    @Nullable
    public Lookup lookup() {
        return setup.lookup();
    }

    /** A user as a server knows it; the same object while what is stored does not change. Any loop. */
    public User looked(String name, String stored, @Nullable ScramKeys keys) {
        Credential credential;
        try {
            credential = Credential.ofStored(stored);
        } catch (IllegalArgumentException e) {
            credential = Credential.NONE;
        }
        Credential known = credential;
        User made = learned.computeIfAbsent(
                name + '\0' + stored,
                n -> new User(name, known, known.scram() != null, new Login(name, null, null, known.md5(), null)));
        return keys == null ? made : proven(made, keys);
    }

    /** A user that only servers know, by the password given. Any loop. */
    public User passed(String name, String password) {
        return learned.computeIfAbsent(
                name + '\0' + password,
                n -> new User(name, Credential.NONE, false, new Login(name, new Secret(password), null, null, null)));
    }

    /** The user with what its proof has told. Any loop. */
    public User proven(User user, ScramKeys keys) {
        ScramVerifier verifier = user.credential().scram();
        if (!user.keysWanted() || verifier == null) {
            return user;
        }
        String id = user.name()
                + '\0'
                + HexFormat.of().formatHex(verifier.storedKey())
                + HexFormat.of().formatHex(verifier.salt());
        return learned.computeIfAbsent(
                id,
                n -> new User(
                        user.name(), user.credential(), true, new Login(user.serverName(), null, keys, null, null)));
    }

    public ShardHealth health(String shard) {
        return setup.health(shard);
    }

    /** Whether any shard has a replica. */
    public boolean hasReplicas() {
        return setup.health().values().stream().anyMatch(ShardHealth::hasReplicas);
    }

    /** Whether text is surely ordered by its bytes. */
    public boolean bytewise() {
        return bytewise;
    }

    /** What servers report at login; empty before the first one did. */
    public Map<String, String> parameters() {
        return parameters;
    }

    public void parameters(Map<String, String> reported) {
        parameters = reported;
    }
}
