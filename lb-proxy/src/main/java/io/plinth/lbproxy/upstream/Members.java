package io.plinth.lbproxy.upstream;

import io.plinth.kit.hashing.Ring;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pool's servers at one time. Immutable.
 *
 * @param ring of their names, for pools that balance by it
 */
record Members(List<Server> servers, @Nullable Ring ring) {
    Members {
        servers = List.copyOf(servers);
    }
}
