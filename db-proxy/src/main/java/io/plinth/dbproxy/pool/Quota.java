package io.plinth.dbproxy.pool;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A number of server connections that several pools share: of one user, one database or one server. Shared by the loops. */
final class Quota {
    private final AtomicInteger used = new AtomicInteger();
    private final List<ServerPool> pools = new CopyOnWriteArrayList<>();
    private volatile int size;

    /** {@code size} 0 for no bound. */
    Quota(int size) {
        this.size = size;
    }

    /** The bound from now on; connections beyond it are not closed, but not replaced either. */
    void resize(int next) {
        size = next;
    }

    void join(ServerPool pool) {
        pools.add(pool);
    }

    void leave(ServerPool pool) {
        pools.remove(pool);
    }

    List<ServerPool> pools() {
        return pools;
    }

    /** Whether it is a bound that other pools can be in the way of. */
    boolean bounds() {
        return size > 0;
    }

    boolean exhausted() {
        int most = size;
        return most > 0 && used.get() >= most;
    }

    int used() {
        return used.get();
    }

    boolean take() {
        int before;
        do {
            before = used.get();
            int most = size;
            if (most > 0 && before >= most) {
                return false;
            }
        } while (!used.compareAndSet(before, before + 1));
        return true;
    }

    void give() {
        used.decrementAndGet();
    }
}
