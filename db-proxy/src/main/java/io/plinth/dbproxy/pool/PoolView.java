package io.plinth.dbproxy.pool;

import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerKey;
import java.util.List;

/**
 * A pool as it is now, for people.
 *
 * @param retired open ones that are closed when their client is done with them
 * @param longestWaitNanos how long the first in the queue has waited
 * @param connections all that are open
 */
public record PoolView(
        ServerKey key,
        int active,
        int idle,
        int connecting,
        int retired,
        int waiting,
        long longestWaitNanos,
        List<Connection> connections) {
    public PoolView {
        connections = List.copyOf(connections);
    }

    /**
     * An open connection.
     *
     * @param state as PgBouncer calls it: {@code active} or {@code idle}
     * @param retired whether it is closed when its client is done with it
     */
    public record Connection(
            String state, boolean retired, long openNanos, long unusedNanos, ServerConnection connection) {}
}
