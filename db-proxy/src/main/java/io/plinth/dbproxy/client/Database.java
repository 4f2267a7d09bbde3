package io.plinth.dbproxy.client;

import io.plinth.dbproxy.auth.ScramVerifier;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.ShardAudit;
import io.plinth.dbproxy.route.ShardedTable;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.ServerKey;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A database as sessions see it. Immutable but for what servers report of themselves, which any loop may replace. */
public final class Database {
    private final Topology topology;
    private volatile Classifier classifier;
    private Map<String, ShardedTable> tables;
    private final Rules rules;
    private final Map<String, User> users;
    private final Map<String, ShardHealth> health;
    private volatile Map<String, String> parameters = Map.of();

    public Database(Topology topology, Rules rules, Map<String, User> users, Map<String, ShardHealth> health) {
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
     * @param trustLoopback whether clients from this machine need no password
     * @param ownWrites whether reads must see the session's own writes
     * @param allWrites whether reads must see every write that passed this proxy
     */
    public record Rules(
            PoolLimits pool,
            boolean sessionMode,
            boolean trustLoopback,
            boolean ownWrites,
            boolean allWrites,
            long maxLag) {}

    /**
     * A user.
     *
     * @param verifier null for one that may only come from this machine
     * @param servers servers by shard, with this user's login
     */
    public record User(String name, @Nullable ScramVerifier verifier, Map<String, Servers> servers) {
        public User {
            servers = Map.copyOf(servers);
        }

        Servers servers(String shard) {
            Servers found = servers.get(shard);
            if (found == null) {
                throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + servers.keySet() + ")");
            }
            return found;
        }
    }

    /**
     * A shard's servers.
     *
     * @param replicas those to prefer first
     */
    public record Servers(ServerKey primary, List<ServerKey> replicas, List<Integer> healthIndex) {
        public Servers {
            replicas = List.copyOf(replicas);
            healthIndex = List.copyOf(healthIndex);
        }
    }

    String name() {
        return topology.database();
    }

    Topology topology() {
        return topology;
    }

    Classifier classifier() {
        return classifier;
    }

    /** A shard's catalogue was asked; what must not be routed any more is refused from now on. Any loop. */
    public synchronized void audited(ShardAudit audit, List<List<@Nullable String>> rows) {
        Map<String, ShardedTable> found = audit.apply(tables, rows);
        if (!found.equals(tables)) {
            tables = found;
            classifier = new Classifier(found, topology.sharded());
        }
    }

    Rules rules() {
        return rules;
    }

    @Nullable
    User user(String name) {
        return users.get(name);
    }

    ShardHealth health(String shard) {
        ShardHealth found = health.get(shard);
        if (found == null) {
            throw new IllegalArgumentException("shard: " + shard + " (expected: one of " + health.keySet() + ")");
        }
        return found;
    }

    /** What servers report at login; empty before the first one did. */
    Map<String, String> parameters() {
        return parameters;
    }

    void parameters(Map<String, String> reported) {
        parameters = reported;
    }
}
