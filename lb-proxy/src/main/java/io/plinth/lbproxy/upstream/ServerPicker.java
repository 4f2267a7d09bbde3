package io.plinth.lbproxy.upstream;

import io.plinth.kit.hashing.Ring;
import io.plinth.lbproxy.balance.Balancer;
import io.plinth.lbproxy.balance.Candidates;
import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.balance.ConsistentHash;
import io.plinth.lbproxy.balance.LeastLoaded;
import io.plinth.lbproxy.balance.PowerOfTwo;
import io.plinth.lbproxy.balance.RoundRobin;
import io.plinth.lbproxy.route.Explanation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Picks the server for a request among one loop's lanes of a pool: by cookie or balancer, healthy ones first. Owned by
 * that event loop.
 */
final class ServerPicker implements Candidates {
    private final LoopPool part;
    private final Pool pool;
    private final Connector connector;
    private final int maxIdle;
    private List<ServerLane> lanes = List.of();
    private Members members;
    private Balancer balancer;
    private Pick asked = new Pick();
    private long excluded;
    private boolean ignoreEjection;
    private boolean ignoreRoom;
    private boolean peeking;
    /** Whether a server that starts slowly stands for choice in its share of picks alone. */
    private boolean gated;

    private long now;

    ServerPicker(LoopPool part, int maxIdle) {
        this.part = part;
        this.maxIdle = maxIdle;
        pool = part.pool();
        connector = part.connector();
        members = pool.members();
        lanes = lanes(members);
        balancer = balancer(members);
    }

    List<ServerLane> lanes() {
        return lanes;
    }

    /** Takes the pool's servers of now over. */
    void refresh() {
        Members next = pool.members();
        if (same(next, members)) {
            return;
        }
        List<ServerLane> before = lanes;
        lanes = lanes(next);
        if (next.ring() != null || members.ring() != null) {
            balancer = balancer(next);
        }
        members = next;
        before.stream().filter(lane -> !lanes.contains(lane)).forEach(ServerLane::retire);
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean same(Members one, Members other) {
        return one == other;
    }

    private List<ServerLane> lanes(Members of) {
        Map<Server, ServerLane> known = new HashMap<>();
        lanes.forEach(lane -> known.put(lane.server(), lane));
        List<ServerLane> next = new ArrayList<>();
        for (Server server : of.servers()) {
            ServerLane lane = known.get(server);
            next.add(lane == null ? new ServerLane(part, server, maxIdle, connector.now()) : lane);
        }
        return next;
    }

    private Balancer balancer(Members of) {
        PoolSettings settings = pool.settings();
        Ring ring = of.ring();
        return switch (settings.balance()) {
            case PEAK_EWMA -> new PowerOfTwo(connector.random());
            case ROUND_ROBIN -> new RoundRobin();
            case LEAST_LOADED -> new LeastLoaded();
            case CONSISTENT_HASH ->
                ring == null
                        ? new LeastLoaded()
                        : new ConsistentHash(ring, positions(ring), settings.hashBound() / 100.0);
        };
    }

    private int[] positions(Ring ring) {
        Map<String, Integer> byName = new HashMap<>();
        for (int i = 0; i < lanes.size(); i++) {
            byName.put(lanes.get(i).server().name(), i);
        }
        return ring.nodes().stream()
                .mapToInt(name -> byName.getOrDefault(name, 0))
                .toArray();
    }

    /** A server among the healthy that are not ejected; with all of these tried or gone, among the ejected too. */
    @Nullable
    ServerLane pick(Pick pick) {
        ignoreRoom = false;
        int found = among(pick);
        return found == Balancer.NONE ? null : lanes.get(found);
    }

    /** Whether there is a server, though it may have no room. */
    boolean pickable(Pick pick) {
        ignoreRoom = true;
        return among(pick) != Balancer.NONE;
    }

    private int among(Pick pick) {
        now = connector.now();
        asked = pick;
        excluded = pick.tried();
        ignoreEjection = pool.panic();
        int found = pick.sticky() == 0 ? Balancer.NONE : sticky(pick.sticky());
        if (found == Balancer.NONE) {
            found = next();
        }
        if (pick.onlyElsewhere()) {
            return found;
        }
        if (found == Balancer.NONE && excluded != 0) {
            excluded = 0;
            found = next();
        }
        if (found == Balancer.NONE && !ignoreEjection) {
            excluded = pick.tried();
            ignoreEjection = true;
            found = next();
        }
        return found;
    }

    private int next() {
        gated = true;
        int found = peeking ? balancer.peek(this) : balancer.pick(this);
        gated = false;
        if (found == Balancer.NONE) {
            found = peeking ? balancer.peek(this) : balancer.pick(this);
        }
        return found;
    }

    /**
     * Costs, loads and rings say little of a server's weight while there is not much to do, so chance keeps the one that
     * starts slowly to its share; turns do by themselves.
     */
    private boolean byTurns() {
        return pool.settings().balance() == PoolSettings.Balance.ROUND_ROBIN;
    }

    private boolean heldBack(Server server) {
        return server.starting()
                && !byTurns()
                && connector.random().nextInt(Server.FULL) >= server.shareOfWeight(now) / server.weight();
    }

    private int sticky(long id) {
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).server().stickyId() == id) {
                return available(i) ? i : Balancer.NONE;
            }
        }
        return Balancer.NONE;
    }

    /** The server that would be picked for a request now, and why; null for none. On the loop. */
    @Nullable
    Server explain(Pick pick, Explanation why) {
        assert connector.loop().inEventLoop();
        CircuitBreaker breaker = pool.breaker();
        if (breaker != null && breaker.state() == CircuitBreaker.State.OPEN) {
            why.add("pool " + pool.name() + ": the circuit breaker is open");
            return null;
        }
        for (ServerLane lane : lanes) {
            why.add(lane.server().name() + ": " + state(lane) + ", weight "
                    + lane.server().weight() + ", " + lane.underWay() + " under way, cost "
                    + lane.cost(connector.now()));
        }
        peeking = true;
        try {
            ServerLane lane = pick(pick);
            if (lane == null && pickable(pick)) {
                why.add("the request would wait for a connection");
            }
            if (lane != null && lane.server().stickyId() == pick.sticky()) {
                why.add("the cookie names the server");
            }
            return lane == null ? null : lane.server();
        } finally {
            peeking = false;
        }
    }

    private String state(ServerLane lane) {
        Server server = lane.server();
        if (!server.healthy()) {
            return "unhealthy by its checks";
        }
        if (server.draining()) {
            return "draining";
        }
        if (server.ejected(connector.now())) {
            return "ejected after failures" + (pool.panic() ? ", but too few are left" : "");
        }
        return (lane.hasRoom(asked) ? "available" : "every connection in use")
                + (server.starting() ? ", starting slowly" : "");
    }

    @Override
    public int size() {
        return lanes.size();
    }

    @Override
    public boolean available(int position) {
        ServerLane lane = lanes.get(position);
        Server server = lane.server();
        return (excluded & server.bit()) == 0
                && server.healthy()
                && !server.draining()
                && (ignoreEjection || !server.ejected(now))
                && (ignoreRoom || lane.hasRoom(asked))
                && !(gated && heldBack(server));
    }

    @Override
    public int weight(int position) {
        Server server = lanes.get(position).server();
        return byTurns() ? server.shareOfWeight(now) : server.weight();
    }

    @Override
    public double cost(int position) {
        return lanes.get(position).cost(now);
    }

    @Override
    public int load(int position) {
        return lanes.get(position).underWay();
    }

    @Override
    public long key() {
        return asked.key();
    }
}
