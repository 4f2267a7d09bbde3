package io.plinth.dbproxy.pool;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Which bounds the connections to one server for one user come under, over all event loops, and which pools lack one.
 * Shared by the loops; with the quotas the only state of pools that is.
 */
final class PoolPermits {
    /** Whoever has waited longest is served first, the others when that one is likely to have been. */
    private static final long NEXT_MILLIS = 2;

    /** Moving a connection to another pool costs opening one, so waiting a little longer there is no reason for it. */
    private static final long HEAD_START_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final List<Quota> quotas;

    /** {@code quotas} is the pool's own first. */
    PoolPermits(List<Quota> quotas) {
        this.quotas = List.copyOf(quotas);
    }

    void resize(PoolLimits limits) {
        int[] sizes = limits.sizes();
        for (int i = 0; i < sizes.length; i++) {
            quotas.get(i).resize(sizes[i]);
        }
    }

    void join(ServerPool pool) {
        quotas.forEach(quota -> quota.join(pool));
    }

    /** Returns whether no pool is left. */
    boolean leave(ServerPool pool) {
        quotas.forEach(quota -> quota.leave(pool));
        return quotas.getFirst().pools().isEmpty();
    }

    boolean take() {
        for (int i = 0; i < quotas.size(); i++) {
            if (!quotas.get(i).take()) {
                for (int taken = 0; taken < i; taken++) {
                    quotas.get(taken).give();
                }
                return false;
            }
        }
        return true;
    }

    /** Connections to this server for this user. */
    int used() {
        return quotas.getFirst().used();
    }

    /** Gives one back, and wakes the pools that have clients waiting. */
    void give() {
        quotas.forEach(Quota::give);
        ServerPool longest = null;
        for (Quota quota : quotas) {
            if (quota.bounds()) {
                for (ServerPool pool : quota.pools()) {
                    if (helps(pool) && (longest == null || pool.hungrySince() - longest.hungrySince() < 0)) {
                        longest = pool;
                    }
                }
            }
        }
        if (longest == null) {
            return;
        }
        longest.loop().execute(longest::feed);
        for (Quota quota : quotas) {
            if (quota.bounds()) {
                for (ServerPool pool : quota.pools()) {
                    if (pool != longest && helps(pool)) {
                        pool.loop().schedule(pool::feed, NEXT_MILLIS, TimeUnit.MILLISECONDS);
                    }
                }
            }
        }
    }

    /** Whether clients wait there, and a connection less of this share's is all that they wait for. */
    private boolean helps(ServerPool pool) {
        return pool.hungry() && pool.permits().lacksOnly(this);
    }

    /** Whether nothing is full here but what {@code other} has a part in too. */
    private boolean lacksOnly(PoolPermits other) {
        for (Quota quota : quotas) {
            if (quota.exhausted() && !other.quotas.contains(quota)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether clients of another pool have waited for a connection of this one's share for longer than its own.
     *
     * @param since when its own longest wait began; ignored when {@code waits} is false
     */
    boolean othersFirst(ServerPool self, boolean waits, long since) {
        for (Quota quota : quotas) {
            if (quota.exhausted()) {
                for (ServerPool pool : quota.pools()) {
                    if (pool != self && helps(pool) && (!waits || since - pool.hungrySince() > HEAD_START_NANOS)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** Asks the other pools of an exhausted share to let go of a connection they do not use. */
    void plead(ServerPool self) {
        for (Quota quota : quotas) {
            if (quota.exhausted()) {
                for (ServerPool pool : quota.pools()) {
                    if (pool != self && lacksOnly(pool.permits())) {
                        pool.loop().execute(pool::surrender);
                    }
                }
            }
        }
    }
}
