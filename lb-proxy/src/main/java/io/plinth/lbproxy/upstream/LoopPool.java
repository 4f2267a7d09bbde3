package io.plinth.lbproxy.upstream;

import io.netty.channel.ChannelFuture;
import io.plinth.lbproxy.balance.Balancer;
import io.plinth.lbproxy.balance.Candidates;
import io.plinth.lbproxy.balance.PowerOfTwo;
import io.plinth.lbproxy.balance.RoundRobin;
import io.plinth.lbproxy.route.Explanation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One loop's part of a pool: picks a server, hands out an idle connection or makes one, or lets the request wait until
 * one is free. Owned by that event loop.
 */
public final class LoopPool implements Candidates {
    private final Pool pool;
    private final Connector connector;
    private final List<ServerLane> lanes = new ArrayList<>();
    private final Balancer balancer;
    private final ArrayDeque<UpstreamUser> waiting = new ArrayDeque<>();
    private final int maxWaiting;
    private final long idleNanos;
    private long excluded;
    private boolean ignoreEjection;
    private boolean ignoreRoom;
    private boolean peeking;
    private long now;
    private int open;
    private volatile int connections;

    LoopPool(Pool pool, Connector connector, int loops) {
        this.pool = pool;
        this.connector = connector;
        PoolSettings settings = pool.settings();
        maxWaiting = share(settings.queue(), loops);
        idleNanos = settings.idleTimeout().toNanos();
        int maxOpen = share(settings.maxPerServer(), loops);
        int maxIdle = Math.min(maxOpen, share(settings.idlePerServer(), loops));
        for (Server server : pool.servers()) {
            lanes.add(new ServerLane(this, server, lanes.size(), maxOpen, maxIdle, connector.now()));
        }
        balancer = switch (settings.balance()) {
            case PEAK_EWMA -> new PowerOfTwo(connector.random());
            case ROUND_ROBIN -> new RoundRobin();
        };
    }

    private static int share(int total, int loops) {
        return total == 0 ? 0 : Math.max(1, total / loops);
    }

    public Pool pool() {
        return pool;
    }

    Connector connector() {
        return connector;
    }

    /**
     * Gives {@code user} a connection, now or later, or tells it why not.
     *
     * @param tried a bit for each of the first 64 servers that is not to be picked while another one can be
     * @param fresh whether an idle connection will not do
     */
    public void acquire(UpstreamUser user, long tried, boolean fresh) {
        assert connector.loop().inEventLoop();
        ServerLane lane = pick(tried);
        if (lane == null) {
            if (pickable(tried) == Balancer.NONE) {
                user.refused(Refusal.NO_SERVER);
            } else if (waiting.size() < maxWaiting) {
                waiting.addLast(user);
            } else {
                user.refused(Refusal.QUEUE_FULL);
            }
            return;
        }
        Http1Connection idle = fresh && lane.mayConnect() ? null : lane.takeIdle();
        if (idle != null) {
            idle.use(user, true);
        } else {
            connect(lane, user);
        }
    }

    /** Forgets a user that waits for a connection. */
    public void cancel(UpstreamUser user) {
        waiting.remove(user);
    }

    private void connect(ServerLane lane, UpstreamUser user) {
        lane.connecting();
        connections = ++open;
        Http1Connection connection = new Http1Connection(lane);
        connection.reserve(user);
        user.connecting(connection);
        ChannelFuture future = connector.connect(
                connection, lane.server(), pool.settings().connectTimeout().toMillis());
        future.addListener(done -> {
            if (done.isSuccess()) {
                lane.server().connected();
                connection.connected(future.channel());
            } else {
                lane.server().connectFailed(connector.now());
                connection.failed(String.valueOf(done.cause().getMessage()));
            }
        });
    }

    /** A server among the healthy that are not ejected; with all of these tried or gone, among the ejected too. */
    private @Nullable ServerLane pick(long tried) {
        ignoreRoom = false;
        int index = among(tried);
        return index == Balancer.NONE ? null : lanes.get(index);
    }

    private int pickable(long tried) {
        ignoreRoom = true;
        return among(tried);
    }

    private int among(long tried) {
        now = connector.now();
        excluded = tried;
        ignoreEjection = false;
        int index = next();
        if (index == Balancer.NONE && tried != 0) {
            excluded = 0;
            index = next();
        }
        if (index == Balancer.NONE) {
            excluded = tried;
            ignoreEjection = true;
            index = next();
        }
        return index;
    }

    private int next() {
        return peeking ? balancer.peek(this) : balancer.pick(this);
    }

    /** The server that {@link #acquire} would pick for a request now, and why; null for none. On the loop. */
    public @Nullable Server explain(Explanation why) {
        assert connector.loop().inEventLoop();
        for (ServerLane lane : lanes) {
            Server server = lane.server();
            String state = !server.healthy()
                    ? "unhealthy by its checks"
                    : server.ejected(connector.now())
                            ? "ejected after failures"
                            : lane.hasRoom() ? "available" : "every connection in use";
            why.add("server " + server.name() + ": " + state + ", weight " + server.weight() + ", " + lane.underWay()
                    + " under way, cost " + lane.cost(connector.now()));
        }
        peeking = true;
        try {
            ServerLane lane = pick(0);
            if (lane == null && pickable(0) != Balancer.NONE) {
                why.add("the request would wait for a connection");
            }
            return lane == null ? null : lane.server();
        } finally {
            peeking = false;
        }
    }

    @Override
    public int size() {
        return lanes.size();
    }

    @Override
    public boolean available(int index) {
        ServerLane lane = lanes.get(index);
        return (index >= Long.SIZE || (excluded >>> index & 1) == 0)
                && lane.server().healthy()
                && (ignoreEjection || !lane.server().ejected(now))
                && (ignoreRoom || lane.hasRoom());
    }

    @Override
    public int weight(int index) {
        return lanes.get(index).server().weight();
    }

    @Override
    public double cost(int index) {
        return lanes.get(index).cost(now);
    }

    /** A connection is free: for who waits longest, or to idle; false when it is to be closed. */
    boolean release(Http1Connection connection) {
        if (pool.retired()) {
            return false;
        }
        UpstreamUser next = waiting.pollFirst();
        if (next != null) {
            connection.lane().requestBegins();
            connection.use(next, true);
            return true;
        }
        return connection.lane().putIdle(connection);
    }

    /** A connection is gone: who waits longest may connect in its place. */
    void closed(Http1Connection connection, boolean wasIdle) {
        connection.lane().closed(connection, wasIdle);
        connections = --open;
        UpstreamUser next = waiting.pollFirst();
        if (next != null) {
            acquire(next, 0, false);
        }
    }

    /** Closes what has idled for too long; called every now and then. */
    public void sweep() {
        long before = connector.now() - idleNanos;
        for (ServerLane lane : lanes) {
            lane.closeIdleSince(before);
        }
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
