package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.ssl.SslHandler;
import io.plinth.kit.hashing.Ring;
import io.plinth.lbproxy.balance.Balancer;
import io.plinth.lbproxy.balance.Candidates;
import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.balance.ConsistentHash;
import io.plinth.lbproxy.balance.LeastLoaded;
import io.plinth.lbproxy.balance.PowerOfTwo;
import io.plinth.lbproxy.balance.RetryBudget;
import io.plinth.lbproxy.balance.RoundRobin;
import io.plinth.lbproxy.route.Explanation;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One loop's part of a pool: picks a server, hands out an idle connection or makes one, or lets the request wait until
 * one is free. Owned by that event loop.
 */
public final class LoopPool implements Candidates {
    private final Pool pool;
    private final Connector connector;
    private final int index;
    private final int maxIdle;
    private final long idleNanos;
    private final RetryBudget retries;
    private final ArrayDeque<UpstreamUser> waiting = new ArrayDeque<>();
    private List<ServerLane> lanes = List.of();
    private Members members;
    private Balancer balancer;
    private Pick asked = new Pick();
    private long excluded;
    private boolean ignoreEjection;
    private boolean ignoreRoom;
    private boolean peeking;
    private long now;
    private int open;
    private volatile int connections;

    LoopPool(Pool pool, Connector connector, int index, int loops) {
        this.pool = pool;
        this.connector = connector;
        this.index = index;
        PoolSettings settings = pool.settings();
        idleNanos = settings.idleTimeout().toNanos();
        int idle = Math.min(settings.maxPerServer(), settings.idlePerServer());
        maxIdle = idle == 0 ? 0 : Math.max(1, idle / loops);
        retries = new RetryBudget(
                settings.retryPercent() / 100.0, (double) settings.retriesPerSecond() / loops, connector.now());
        members = pool.members();
        lanes = lanes(members);
        balancer = balancer(members);
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
        serveWaiting();
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
            next.add(lane == null ? new ServerLane(this, server, maxIdle, connector.now()) : lane);
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

    public Pool pool() {
        return pool;
    }

    /** The loop's position among all. */
    int index() {
        return index;
    }

    Connector connector() {
        return connector;
    }

    /** What retries and hedges live on. */
    public RetryBudget retries() {
        return retries;
    }

    /** Gives {@code user} a connection, now or later, or tells it why not. */
    public void acquire(UpstreamUser user) {
        assert connector.loop().inEventLoop();
        CircuitBreaker breaker = pool.breaker();
        if (breaker != null && !breaker.allows()) {
            user.refused(Refusal.CIRCUIT_OPEN);
            return;
        }
        if (pool.retired() && pool.settings().tls() != null) {
            // Its certificates are gone with it.
            user.refused(Refusal.NO_SERVER);
            return;
        }
        ServerLane lane = pick(user.pick());
        if (lane == null) {
            if (pickable(user.pick()) == Balancer.NONE) {
                user.refused(Refusal.NO_SERVER);
            } else if (pool.enterQueue()) {
                waiting.addLast(user);
                pool.onOtherLoops(this, LoopPool::shed);
            } else {
                user.refused(Refusal.QUEUE_FULL);
            }
            return;
        }
        hand(lane, user);
    }

    private void hand(ServerLane lane, UpstreamUser user) {
        Http2Limits http2 = pool.settings().http2();
        if (http2 != null) {
            share(lane, user, http2);
            return;
        }
        boolean perClient = pool.handshake().perClient();
        boolean mustConnect = perClient || (user.pick().fresh() && lane.server().hasRoom());
        Http1Connection idle = mustConnect ? null : lane.takeIdle();
        if (idle != null) {
            idle.use(user, true);
        } else if (lane.server().tryOpen()) {
            connect(lane, user);
        } else if (pool.enterQueue()) {
            // Another loop was quicker.
            waiting.addLast(user);
        } else {
            user.refused(Refusal.QUEUE_FULL);
        }
    }

    /** Sends it over a connection that others use too, or over a new one. */
    private void share(ServerLane lane, UpstreamUser user, Http2Limits limits) {
        Http2Connection connection = lane.withRoom();
        if (connection == null && lane.server().tryOpen()) {
            connection = new Http2Connection(lane, limits);
            lane.share(connection);
            connections = ++open;
            connect(lane, connection);
        }
        if (connection != null) {
            lane.requestBegins();
            connection.use(user);
        } else if (pool.enterQueue()) {
            waiting.addLast(user);
        } else {
            user.refused(Refusal.QUEUE_FULL);
        }
    }

    private void connect(ServerLane lane, Http2Connection connection) {
        ChannelFuture future = connector.connect(
                connection, lane.server(), pool.settings().connectTimeout().toMillis());
        future.addListener(done -> {
            if (done.isSuccess()) {
                lane.server().connected();
                connection.connected(future.channel());
            } else {
                lane.server().connectFailed(connector.now());
                lane.left(connection);
                connection.failed(String.valueOf(done.cause().getMessage()));
            }
        });
    }

    /** Forgets a user that waits for a connection. */
    public void cancel(UpstreamUser user) {
        if (waiting.remove(user)) {
            pool.leaveQueue();
        }
    }

    private @Nullable UpstreamUser nextWaiting() {
        UpstreamUser next = waiting.pollFirst();
        if (next != null) {
            pool.leaveQueue();
        }
        return next;
    }

    /** There may be room for who waits. */
    private void serveWaiting() {
        for (int i = waiting.size(); i > 0; i--) {
            UpstreamUser next = waiting.getFirst();
            ServerLane lane = pick(next.pick());
            if (lane == null) {
                return;
            }
            nextWaiting();
            hand(lane, next);
        }
    }

    /** Another loop waits for room at a server whose connections idle here. */
    private void shed() {
        if (pool.waiting() > waiting.size()) {
            lanes.forEach(ServerLane::shed);
        }
    }

    private void connect(ServerLane lane, UpstreamUser user) {
        lane.connecting();
        connections = ++open;
        Http1Connection connection = new Http1Connection(lane);
        connection.reserve(user);
        user.connecting(connection);
        ChannelFuture future = connector.connect(
                connection, lane.server(), pool.settings().connectTimeout().toMillis());
        ByteBuf header = pool.handshake().header(user.pick());
        future.addListener(done -> {
            if (done.isSuccess()) {
                reached(connection, future.channel(), header);
            } else {
                notReached(connection, done.cause());
            }
        });
    }

    private void reached(Http1Connection connection, Channel channel, @Nullable ByteBuf header) {
        Server server = connection.lane().server();
        server.connected();
        if (header != null) {
            channel.writeAndFlush(header);
        }
        SslHandler tls = pool.retired() ? null : pool.handshake().tls(channel, server);
        if (tls == null) {
            connection.connected(channel);
            return;
        }
        channel.pipeline().addFirst(tls);
        tls.handshakeFuture().addListener(done -> {
            if (done.isSuccess()) {
                connection.connected(channel);
            } else {
                notReached(connection, done.cause());
                channel.close();
            }
        });
    }

    private void notReached(Http1Connection connection, Throwable why) {
        connection.lane().server().connectFailed(connector.now());
        connection.failed(String.valueOf(why.getMessage()));
    }

    /** A server among the healthy that are not ejected; with all of these tried or gone, among the ejected too. */
    private @Nullable ServerLane pick(Pick pick) {
        ignoreRoom = false;
        int found = among(pick);
        return found == Balancer.NONE ? null : lanes.get(found);
    }

    private int pickable(Pick pick) {
        ignoreRoom = true;
        return among(pick);
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
        return peeking ? balancer.peek(this) : balancer.pick(this);
    }

    private int sticky(long id) {
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).server().stickyId() == id) {
                return available(i) ? i : Balancer.NONE;
            }
        }
        return Balancer.NONE;
    }

    /** The server that {@link #acquire} would pick for a request now, and why; null for none. On the loop. */
    public @Nullable Server explain(Pick pick, Explanation why) {
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
            if (lane == null && pickable(pick) != Balancer.NONE) {
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
        return (lane.hasRoom() ? "available" : "every connection in use")
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
                && (ignoreRoom || lane.hasRoom());
    }

    @Override
    public int weight(int position) {
        return lanes.get(position).server().shareOfWeight(now);
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

    /** A connection is free: for who waits longest, or to idle; false when it is to be closed. */
    boolean release(Http1Connection connection) {
        if (pool.retired()
                || pool.handshake().perClient()
                || connection.lane().retired()
                || connection.lane().server().draining()) {
            return false;
        }
        UpstreamUser next = nextWaiting();
        if (next != null) {
            connection.lane().requestBegins();
            connection.use(next, true);
            return true;
        }
        boolean wantedElsewhere =
                pool.waiting() > 0 && !connection.lane().server().hasRoom();
        return !wantedElsewhere && connection.lane().putIdle(connection);
    }

    /** A connection is gone: who waits longest may connect in its place. */
    void closed(Http1Connection connection, boolean wasIdle) {
        connection.lane().closed(connection, wasIdle);
        oneFewer();
    }

    /** A shared connection is gone. */
    void closed(Http2Connection connection) {
        connection.lane().server().closedOne();
        oneFewer();
    }

    /** A shared connection takes another request. */
    void streamFreed() {
        if (!waiting.isEmpty()) {
            serveWaiting();
        }
    }

    private void oneFewer() {
        connections = --open;
        if (!waiting.isEmpty()) {
            serveWaiting();
        } else if (pool.waiting() > 0) {
            pool.onOtherLoops(this, LoopPool::serveWaiting);
        }
    }

    /** Closes what has idled for too long; called every now and then. */
    public void sweep() {
        long at = connector.now();
        long before = at - idleNanos;
        for (ServerLane lane : lanes) {
            lane.closeIdleSince(before);
        }
        if (index == 0) {
            pool.sweep(at);
        }
        serveWaiting();
    }

    void closeIdle() {
        for (ServerLane lane : lanes) {
            lane.closeIdle();
        }
    }

    int connections() {
        return connections;
    }
}
