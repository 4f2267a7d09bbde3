package io.plinth.dbproxy.pool;

import java.time.Duration;

/**
 * The bounds of a pool.
 *
 * @param size connections to one server for one user, over all event loops
 * @param perUser connections of one user to all servers of its database; 0 for no bound
 * @param perDatabase connections of all users to all servers of a database; 0 for no bound
 * @param perServer connections to one server for all users of a database; 0 for no bound
 * @param queue clients waiting on one event loop
 */
public record PoolLimits(
        int size,
        int perUser,
        int perDatabase,
        int perServer,
        int queue,
        Duration patience,
        Duration connect,
        Duration idle,
        Duration lifetime) {

    /** In the order of a pool's quotas. */
    int[] sizes() {
        return new int[] {size, perUser, perDatabase, perServer};
    }
}
