package io.plinth.kvcache.memcached;

import io.plinth.kvcache.session.turn.LoopShare;
import java.util.Map;
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

    private final Map<LoopShare, Counts> loops = new ConcurrentHashMap<>();
    /** What was counted when it was last reset. */
    private volatile Counts before = new Counts();

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
    }

    /** Those of a loop's clients. */
    Counts of(LoopShare loop) {
        return loops.computeIfAbsent(loop, any -> new Counts());
    }

    /** Of all loops, since the last {@link #reset}. */
    long sum(Count what) {
        return all(what) - before.of(what);
    }

    private long all(Count what) {
        long sum = 0;
        for (Counts each : loops.values()) {
            sum += each.of(what);
        }
        return sum;
    }

    /** As {@code stats reset} does. */
    void reset() {
        Counts now = new Counts();
        for (Count each : Count.values()) {
            now.add(each, all(each));
        }
        before = now;
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
