package io.plinth.dbproxy.pool;

import java.time.Duration;

/**
 * The bounds of a pool.
 *
 * @param size connections to one server for one user, over all event loops
 * @param queue clients waiting on one event loop
 */
public record PoolLimits(int size, int queue, Duration patience, Duration connect, Duration idle, Duration lifetime) {}
