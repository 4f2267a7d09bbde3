package io.plinth.mqbroker.session;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The open connections, from any thread: for the limit, for alarms, for drain and for management. */
public final class Connections {
    private final Set<Connection> all = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();

    /** Registers one; false when there are as many as may be. */
    boolean add(Connection connection, int most) {
        if (count.incrementAndGet() > most) {
            count.decrementAndGet();
            return false;
        }
        all.add(connection);
        return true;
    }

    void remove(Connection connection) {
        if (all.remove(connection)) {
            count.decrementAndGet();
        }
    }

    public List<Connection> all() {
        return List.copyOf(all);
    }

    /** How many of a user, or of a virtual host, are open. */
    long countWhere(java.util.function.Predicate<Connection> which) {
        return all.stream().filter(which).count();
    }

    public int count() {
        return count.get();
    }
}
