package io.plinth.lbproxy.snapshot;

import io.plinth.lbproxy.admin.LatencyTally;
import io.plinth.lbproxy.admin.Tally;
import io.plinth.lbproxy.limit.RateLimiter;
import io.plinth.lbproxy.measure.Latencies;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.ErrorPages;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.route.Redirect;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.route.Shares;
import io.plinth.lbproxy.route.TargetRewrite;
import io.plinth.lbproxy.upstream.Pool;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a route leads. Immutable.
 *
 * @param name the route's name
 * @param pools its pools by share; null for a route that answers itself
 * @param mirror where copies of its requests go; null for nowhere
 * @param redirect where it sends its requests instead
 * @param respond what it answers instead
 * @param maintenance whether it answers 503 for now
 * @param attempts how many servers a request that may be repeated is tried on
 * @param retryStatuses that are tried again too
 * @param rewrite what becomes of the path
 * @param toServer what of the request's fields changes
 * @param toClient what of the response's fields changes
 * @param pages its error pages
 * @param limits its own limits
 * @param rateLimit null for none
 * @param statuses counts by status class, by loop
 * @param latencies from a request's first byte to its end
 */
public record RouteTarget(
        String name,
        @Nullable Shares<Destination> pools,
        @Nullable Mirror mirror,
        @Nullable Redirect redirect,
        @Nullable Answer respond,
        boolean maintenance,
        int attempts,
        Set<Integer> retryStatuses,
        TargetRewrite rewrite,
        HeaderChanges toServer,
        HeaderChanges toClient,
        ErrorPages pages,
        Limits limits,
        @Nullable RateLimit rateLimit,
        List<Tally> statuses,
        Latencies latencies) {

    /**
     * A pool of a route.
     *
     * @param latencies times to the first byte, by loop; the pool's
     */
    public record Destination(Pool pool, List<LatencyTally> latencies) {}

    /**
     * Where copies of requests go.
     *
     * @param percent of a hundred requests
     * @param maxBytes of body; larger ones are not copied
     * @param underWay copies at once, on each event loop
     */
    public record Mirror(Destination destination, int percent, int maxBytes, int underWay) {}

    /** How many requests of one key there may be. */
    public record RateLimit(RequestKey key, RateLimiter limiter) {}

    /**
     * A route's own limits, in bytes.
     *
     * @param body of a request's body; 0 for none
     * @param head of a request's line and fields; 0 for none
     */
    public record Limits(long body, int head) {}

    public RouteTarget {
        retryStatuses = Set.copyOf(retryStatuses);
        statuses = List.copyOf(statuses);
    }
}
