package io.plinth.dbproxy.database;

import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.auth.Credential;
import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.dbproxy.auth.ScramVerifier;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.ShardAudit;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.Encryption;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.config.Secret;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A database as sessions see it. Immutable but for what servers report of themselves, which any loop may replace. */
public final class Database {
    private final Topology topology;
    private volatile Classifier classifier;
    private Map<String, ShardedTable> tables;
    private final Rules rules;
    private final Map<String, User> users;
    private final Function<Login, Map<String, Servers>> serversOf;
    private final @Nullable Lookup lookup;
    private final Map<String, User> learned;
    private final Map<String, ShardHealth> health;
    private volatile boolean bytewise;
    private boolean otherCollation;
    private volatile Map<String, String> parameters = Map.of();

    /** {@code serversOf} answers the servers by shard for a login that is not configured. */
    public Database(
            Topology topology,
            Rules rules,
            Map<String, User> users,
            Function<Login, Map<String, Servers>> serversOf,
            @Nullable Lookup lookup,
            Map<String, ShardHealth> health) {
        this.serversOf = serversOf;
        this.lookup = lookup;
        this.learned = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, User> eldest) {
                return size() > rules.learnedUsers();
            }
        });
        this.topology = topology;
        this.classifier = topology.classifier();
        this.tables = topology.tables();
        this.rules = rules;
        this.users = Map.copyOf(users);
        this.health = Map.copyOf(health);
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
            long maxMerge) {}

    /**
     * A user.
     *
     * @param keysWanted whether the servers want what only the client's own proof tells
     * @param servers servers by shard, with this user's login
     */
    public record User(String name, Credential credential, boolean keysWanted, Map<String, Servers> servers) {
        public User {
            servers = Map.copyOf(servers);
        }

        public String serverName() {
            return servers.values().iterator().next().primary().login().user();
        }

        public Servers servers(String shard) {
            Servers found = servers.get(shard);
            if (found == null) {
                throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + servers.keySet() + ")");
            }
            return found;
        }
    }

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
            classifier = new Classifier(found, topology.sharded());
        }
    }

    public Rules rules() {
        return rules;
    }

    @Nullable
    public User user(String name) {
        return users.get(name);
    }

    @Nullable
    public Lookup lookup() {
        return lookup;
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
                n -> new User(name, known, known.scram() != null, serversOf(name, null, null, known.md5())));
        return keys == null ? made : proven(made, keys);
    }

    /** A user that only servers know, by the password given. Any loop. */
    public User passed(String name, String password) {
        return learned.computeIfAbsent(
                name + '\0' + password,
                n -> new User(name, Credential.NONE, false, serversOf(name, new Secret(password), null, null)));
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
                n -> new User(user.name(), user.credential(), true, serversOf(user.serverName(), null, keys, null)));
    }

    private Map<String, Servers> serversOf(
            String name, @Nullable Secret password, @Nullable ScramKeys keys, @Nullable String md5) {
        return serversOf.apply(new Login(name, password, keys, md5, rules.encryption()));
    }

    public ShardHealth health(String shard) {
        ShardHealth found = health.get(shard);
        if (found == null) {
            throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + health.keySet() + ")");
        }
        return found;
    }

    /** Whether any shard has a replica. */
    public boolean hasReplicas() {
        return health.values().stream().anyMatch(ShardHealth::hasReplicas);
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
