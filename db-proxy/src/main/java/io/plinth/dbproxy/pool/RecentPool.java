package io.plinth.dbproxy.pool;

import io.plinth.dbproxy.server.ServerKey;
import org.jspecify.annotations.Nullable;

/** The pool that one session asked last, as it nearly always asks the same one. Owned by the session's event loop. */
public final class RecentPool {
    private final LoopPools pools;
    private @Nullable ServerKey key;
    private @Nullable ServerPool pool;

    public RecentPool(LoopPools pools) {
        this.pools = pools;
    }

    /** The pool of a server, bounded as is said now. */
    @SuppressWarnings("ReferenceEquality")
    public ServerPool of(ServerKey asked, PoolLimits limits) {
        ServerPool found = pool;
        if (found == null || (asked != key && asked != found.key()) || found.left()) {
            found = pools.pool(asked, limits);
            pool = found;
            key = asked;
        } else {
            found.limits(limits);
        }
        return found;
    }
}
