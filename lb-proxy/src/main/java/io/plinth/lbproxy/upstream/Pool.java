package io.plinth.lbproxy.upstream;

import io.plinth.kit.hashing.Ring;
import io.plinth.kit.net.TlsException;
import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.balance.SuccessRates;
import io.plinth.lbproxy.measure.Latencies;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool as all loops see it; each loop has its own {@link LoopPool} of it. Its servers are an immutable list behind one
 * volatile field, replaced by whoever knows of them.
 */
public final class Pool {
    private final PoolSettings settings;
    private final LoopPool[] loops;
    private final OutcomeCounts outcomes;
    private final Latencies latencies;
    private final LongSupplier clock;
    private final AtomicInteger waiting = new AtomicInteger();
    private final RequestKey hashKey;
    private final UpstreamHandshake handshake;
    private final @Nullable CircuitBreaker breaker;
    private volatile Members members = new Members(List.of(), null);
    private volatile boolean retired;
    private volatile @Nullable Pool successor;
    private final AtomicInteger loopsLeft;
    private volatile boolean panic;
    private List<ServerSettings> asked;
    private int ids;
    private long comparedAt;
    private Map<Server, long[]> compared = new HashMap<>();

    public Pool(PoolSettings settings, List<ServerSettings> servers, List<Connector> connectors) throws TlsException {
        this.settings = settings;
        handshake = new UpstreamHandshake(settings);
        hashKey = settings.hashKey();
        breaker = settings.breaker() == null ? null : new CircuitBreaker(settings.breaker());
        outcomes = new OutcomeCounts(connectors.size());
        loops = new LoopPool[connectors.size()];
        loopsLeft = new AtomicInteger(loops.length);
        asked = List.copyOf(servers);
        clock = connectors.getFirst()::now;
        latencies = new Latencies(loops.length, clock);
        members = members(servers);
        for (int i = 0; i < loops.length; i++) {
            loops[i] = new LoopPool(this, connectors.get(i), i, loops.length);
        }
    }

    /** Other servers from now on; those that stay keep their connections, health and latencies; false when nothing changed. Any thread but a loop. */
    public synchronized boolean update(List<ServerSettings> servers) {
        if (servers.equals(asked)) {
            return false;
        }
        asked = List.copyOf(servers);
        members = members(servers);
        for (LoopPool loop : loops) {
            loop.connector().loop().execute(loop::refresh);
        }
        return true;
    }

    private Members members(List<ServerSettings> wanted) {
        Map<String, Server> known = new HashMap<>();
        members.servers().forEach(server -> known.put(server.name(), server));
        boolean first = known.isEmpty();
        List<Server> next = new ArrayList<>();
        Map<String, Integer> weights = new HashMap<>();
        for (ServerSettings each : wanted) {
            Server server = known.get(each.name());
            if (server == null || !server.address().equals(each.address())) {
                server = new Server(each, settings, ids++, new Latencies(loops.length, clock), loops.length);
                if (!first) {
                    server.startSlowly(clock.getAsLong());
                }
            } else {
                server.change(each);
            }
            next.add(server);
            weights.put(each.name(), each.weight());
        }
        boolean byRing = settings.balance() == PoolSettings.Balance.CONSISTENT_HASH && !weights.isEmpty();
        return new Members(next, byRing ? Ring.of(weights) : null);
    }

    public String name() {
        return settings.name();
    }

    public PoolSettings settings() {
        return settings;
    }

    UpstreamHandshake handshake() {
        return handshake;
    }

    Members members() {
        return members;
    }

    public List<Server> servers() {
        return members.servers();
    }

    /** What consistent hashing goes by; null where the pool balances otherwise. */
    public @Nullable RequestKey hashKey() {
        return settings.balance() == PoolSettings.Balance.CONSISTENT_HASH ? hashKey : null;
    }

    /** The part of one loop, to be used on that loop alone. */
    public LoopPool loop(int index) {
        return loops[index];
    }

    public OutcomeCounts outcomes() {
        return outcomes;
    }

    /** Times to the first byte. */
    public Latencies latencies() {
        return latencies;
    }

    public @Nullable CircuitBreaker breaker() {
        return breaker;
    }

    /** Whether so few servers are left that ejections do not count. */
    public boolean panic() {
        return panic;
    }

    /** Requests that wait for a connection, over all loops. */
    public int waiting() {
        return waiting.get();
    }

    boolean enterQueue() {
        if (waiting.incrementAndGet() <= settings.queue()) {
            return true;
        }
        waiting.decrementAndGet();
        return false;
    }

    void leaveQueue() {
        waiting.decrementAndGet();
    }

    /** Has every loop but one do something, on that loop. */
    void onOtherLoops(LoopPool but, Consumer<LoopPool> what) {
        for (LoopPool loop : loops) {
            if (loop.index() != but.index()) {
                loop.connector().loop().execute(() -> what.accept(loop));
            }
        }
    }

    /** How many servers a pick may find now. */
    public int available(long now) {
        int count = 0;
        for (Server server : servers()) {
            if (server.usable(now)) {
                count++;
            }
        }
        return count;
    }

    /** Judges its servers by what came of requests; a few times a second, on the first loop. */
    void sweep(long now) {
        CircuitBreaker own = breaker;
        if (own != null) {
            own.sweep(now, outcomes.ended(), outcomes.failed());
        }
        PoolSettings.Outliers outliers = settings.outliers();
        if (outliers.deviation() > 0 && now - comparedAt >= outliers.interval().toNanos()) {
            comparedAt = now;
            compare(now, outliers);
        }
        int healthy = 0;
        int ejected = 0;
        for (Server server : servers()) {
            if (server.healthy() && !server.draining()) {
                healthy++;
                ejected += server.ejected(now) ? 1 : 0;
            }
        }
        panic = ejected > 0 && (healthy - ejected) * 100 < healthy * outliers.panicPercent();
    }

    private void compare(long now, PoolSettings.Outliers outliers) {
        List<Server> servers = servers();
        long[] requests = new long[servers.size()];
        long[] failures = new long[servers.size()];
        Map<Server, long[]> next = new HashMap<>();
        for (int i = 0; i < requests.length; i++) {
            OutcomeCounts counts = servers.get(i).outcomes();
            long[] last = {counts.ended(), counts.failed()};
            long[] before = compared.getOrDefault(servers.get(i), new long[2]);
            requests[i] = last[0] - before[0];
            failures[i] = last[1] - before[1];
            next.put(servers.get(i), last);
        }
        compared = next;
        boolean[] out = SuccessRates.outliers(requests, failures, outliers.minRequests(), outliers.deviation() / 10.0);
        for (int i = 0; i < out.length; i++) {
            if (out[i]) {
                servers.get(i).eject(now);
            }
        }
    }

    /** Whether the file no longer has it: connections close instead of idling. */
    boolean retired() {
        return retired;
    }

    /** The pool of the same name that took its place; null for none. */
    @Nullable
    Pool successor() {
        return successor;
    }

    /**
     * Takes it out of service: what is under way ends as it would, idle connections close.
     *
     * @param by the pool that takes its place, and whoever waits; null for none
     */
    public void retire(@Nullable Pool by) {
        successor = by;
        retired = true;
        for (LoopPool loop : loops) {
            loop.connector().loop().execute(loop::retire);
        }
    }

    /** A loop connects no more; with the last one the certificates go. */
    void loopIsOver() {
        if (loopsLeft.decrementAndGet() == 0) {
            handshake.close();
        }
    }

    /** Connections to all servers by loop, for the metrics; each number is as fresh as that loop's last write. */
    public List<Integer> connections() {
        List<Integer> counts = new ArrayList<>();
        for (LoopPool loop : loops) {
            counts.add(loop.connections());
        }
        return counts;
    }
}
