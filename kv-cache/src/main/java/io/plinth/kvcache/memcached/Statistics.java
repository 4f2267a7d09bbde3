package io.plinth.kvcache.memcached;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Shared by all loops: what memcached clients did, as {@code stats} shows it, who they are, and when they want everything to go. */
final class Statistics {
    /** The version whose behaviour clients may expect. */
    static final String VERSION = "1.6.18";
    /** Of {@link #planFlush}. */
    static final long NO_FLUSH = Long.MAX_VALUE;

    /** All of them, never changed. */
    private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);

    private final LongAdder total = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final Set<MemcachedHandler> clients = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final long startMillis;
    private final int threads;
    private final AtomicLong flushAt = new AtomicLong(NO_FLUSH);

    /** {@code threads}: how many loops serve them. */
    Statistics(long startMillis, int threads) {
        this.startMillis = startMillis;
        this.threads = threads;
        for (Count each : Count.values()) {
            counts.put(each, new LongAdder());
        }
    }

    void add(Count what) {
        add(what, 1);
    }

    void add(Count what, long many) {
        of(what).add(many);
    }

    /** One of two, by whether there was an item. */
    void add(boolean found, Count hit, Count miss) {
        add(found ? hit : miss);
    }

    private LongAdder of(Count what) {
        return Objects.requireNonNull(counts.get(what));
    }

    long sum(Count what) {
        return of(what).sum();
    }

    /** A value was asked for. */
    void got(boolean found) {
        add(found, Count.GET_HITS, Count.GET_MISSES);
    }

    /** How a command that stores ended; {@code cas}: whether it named a number. */
    void stored(Store.Stored how, boolean cas) {
        add(Count.CMD_SET);
        if (how == Store.Stored.STORED) {
            add(Count.TOTAL_ITEMS);
        } else if (how == Store.Stored.NO_MEMORY) {
            add(Count.STORE_NO_MEMORY);
        }
        if (cas && how != Store.Stored.NO_MEMORY) {
            switch (how) {
                case STORED -> add(Count.CAS_HITS);
                case EXISTS -> add(Count.CAS_BADVAL);
                default -> add(Count.CAS_MISSES);
            }
        }
    }

    /** As {@code stats reset} does. */
    void reset() {
        counts.values().forEach(LongAdder::reset);
        total.reset();
        rejected.reset();
    }

    /** A client came; answers whether it may stay. */
    boolean opened(MemcachedHandler client, int limit) {
        total.increment();
        clients.add(client);
        boolean stays = connections.incrementAndGet() <= limit;
        if (!stays) {
            rejected.increment();
        }
        return stays;
    }

    void closed(MemcachedHandler client) {
        clients.remove(client);
        connections.decrementAndGet();
    }

    int connections() {
        return connections.get();
    }

    long total() {
        return total.sum();
    }

    long rejected() {
        return rejected.sum();
    }

    long startMillis() {
        return startMillis;
    }

    int threads() {
        return threads;
    }

    /** Everything is to go at this time, in Unix milliseconds, and not at one that was given before. */
    void planFlush(long atMillis) {
        flushAt.set(atMillis);
    }

    /** Whether it is time to; answers so once. */
    boolean flushDue(long nowMillis) {
        long at = flushAt.get();
        return nowMillis >= at && flushAt.compareAndSet(at, NO_FLUSH);
    }

    /** Those that are connected; in no order. */
    Set<MemcachedHandler> clients() {
        return clients;
    }

    /** Ends clients that said nothing for so long; 0 for none. */
    void endIdle(long nowMillis, long seconds) {
        if (seconds > 0) {
            clients.forEach(each -> each.endIdle(nowMillis, seconds));
        }
    }
}
