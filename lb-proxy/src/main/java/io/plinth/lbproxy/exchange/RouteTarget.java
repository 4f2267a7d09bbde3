package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.admin.LatencyTally;
import io.plinth.lbproxy.admin.Tally;
import io.plinth.lbproxy.upstream.Pool;
import java.util.List;

/**
 * Where a route leads. Immutable.
 *
 * @param name the route's name
 * @param pool its pool
 * @param attempts how many servers a GET or HEAD is tried on
 * @param strip how many bytes of the path are taken off
 * @param statuses counts by status class, by loop
 * @param latencies times to the first byte, by loop; the pool's
 */
public record RouteTarget(
        String name, Pool pool, int attempts, int strip, List<Tally> statuses, List<LatencyTally> latencies) {
    public RouteTarget {
        statuses = List.copyOf(statuses);
        latencies = List.copyOf(latencies);
    }
}
