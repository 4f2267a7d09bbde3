package io.plinth.lbproxy.snapshot;

import io.plinth.lbproxy.route.RouteTable;
import io.plinth.lbproxy.upstream.Pool;
import java.util.Map;

/** All that a reload replaces. Immutable; a request under way keeps the one it began with. */
public record Snapshot(ProxySettings settings, RouteTable<RouteTarget> routes, Map<String, Pool> pools) {
    public Snapshot {
        pools = Map.copyOf(pools);
    }
}
