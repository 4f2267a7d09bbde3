package io.plinth.dbproxy.database;

import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.LoopPools;
import io.plinth.dbproxy.server.ServerKey;
import org.jspecify.annotations.Nullable;

/** Picks the replica that serves a session's read. Owned by the session's event loop. */
public final class ReplicaChoice {
    private static final int FAR = 1 << 20;

    private final LoopPools pools;
    private int turn;

    /** {@code first} is where the first turn begins, so that sessions do not all begin with the same one. */
    public ReplicaChoice(LoopPools pools, int first) {
        this.pools = pools;
        this.turn = first;
    }

    /** Of the replicas that may serve the read the one with the least to do here, those of the own region first. */
    public @Nullable ServerKey best(ShardHealth health, Database.Servers servers, long since, Database.Rules rules) {
        int count = servers.replicas().size();
        ServerKey best = null;
        int least = Integer.MAX_VALUE;
        turn++;
        for (int i = 0; i < count; i++) {
            int index = Math.floorMod(turn + i, count);
            ServerKey key = servers.replicas().get(index);
            if (health.serves(servers.healthIndex().get(index), since, rules.maxLag())) {
                int load = pools.pool(key, rules.pool()).busy() + (index < servers.near() ? 0 : FAR);
                if (load < least) {
                    best = key;
                    least = load;
                }
            }
        }
        return best;
    }

    /** Whether some replica may serve it once it has caught up. */
    public static boolean mayCatchUp(ShardHealth health, Database.Servers servers, Database.Rules rules) {
        return servers.healthIndex().stream().anyMatch(index -> health.mayServe(index, rules.maxLag()));
    }
}
