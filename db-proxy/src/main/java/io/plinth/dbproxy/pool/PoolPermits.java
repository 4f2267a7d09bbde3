package io.plinth.dbproxy.pool;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many connections to one server there may be, over all event loops, and which loops' pools lack one. Shared by the
 * loops; the only state of pools that is.
 */
final class PoolPermits {
    private final AtomicInteger free;
    private final List<ServerPool> pools = new CopyOnWriteArrayList<>();

    PoolPermits(int size) {
        free = new AtomicInteger(size);
    }

    void join(ServerPool pool) {
        pools.add(pool);
    }

    boolean take() {
        int before;
        do {
            before = free.get();
            if (before == 0) {
                return false;
            }
        } while (!free.compareAndSet(before, before - 1));
        return true;
    }

    /** Gives one back, and wakes the other loops' pools that have clients waiting. */
    void give(ServerPool from) {
        free.incrementAndGet();
        for (ServerPool pool : pools) {
            if (pool != from && pool.hungry()) {
                pool.loop().execute(pool::feed);
            }
        }
    }

    /** Whether another loop's clients wait for a connection. */
    boolean othersHungry(ServerPool self) {
        for (ServerPool pool : pools) {
            if (pool != self && pool.hungry()) {
                return true;
            }
        }
        return false;
    }

    /** Asks the other loops to let go of a connection they do not use. */
    void plead(ServerPool self) {
        for (ServerPool pool : pools) {
            if (pool != self) {
                pool.loop().execute(pool::surrender);
            }
        }
    }
}
