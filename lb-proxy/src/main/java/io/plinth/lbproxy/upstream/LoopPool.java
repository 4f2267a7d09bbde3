package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.balance.RetryBudget;
import io.plinth.lbproxy.route.Explanation;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.net.ConnectException;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One loop's part of a pool: has a server picked, hands out an idle connection or makes one, or lets the request wait until
 * one is free. Owned by that event loop.
 */
public final class LoopPool {
    private static final String NO_HTTP2 =
            "server chose HTTP/1.1 in its TLS handshake (expected: h2, or protocol: auto)";
    /** Of so many connections that this loop is done with, one is left to other loops while they wait. */
    private static final int TURNS = 16;

    private final Pool pool;
    private final Connector connector;
    private final int index;
    private final long idleNanos;
    private final RetryBudget retries;
    private final ServerPicker picker;
    private final @Nullable HedgeLine hedges;
    private final ArrayDeque<UpstreamUser> waiting = new ArrayDeque<>();
    private int open;
    private int connecting;
    private int turns;
    /** Connections that close so that another loop can make one in their place. */
    private int yields;

    private boolean retired;
    /** The pool is retired, and nothing will be connected any more. */
    private boolean over;

    private volatile int connections;

    LoopPool(Pool pool, Connector connector, int index, int loops) {
        this.pool = pool;
        this.connector = connector;
        this.index = index;
        PoolSettings settings = pool.settings();
        idleNanos = settings.idleTimeout().toNanos();
        int idle = Math.min(settings.maxPerServer(), settings.idlePerServer());
        retries = new RetryBudget(
                settings.retryPercent() / 100.0, (double) settings.retriesPerSecond() / loops, connector.now());
        PoolSettings.Hedge hedge = settings.hedge();
        hedges = hedge == null ? null : new HedgeLine(connector, hedge);
        picker = new ServerPicker(this, idle == 0 ? 0 : Math.max(1, idle / loops));
    }

    /** Takes the pool's servers of now over. */
    void refresh() {
        picker.refresh();
        serveWaiting();
    }

    public Pool pool() {
        return pool;
    }

    /** How many servers it has. */
    public int size() {
        return picker.lanes().size();
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

    /** Who may be sent to a second server; null where nobody is. */
    public @Nullable HedgeLine hedges() {
        return hedges;
    }

    /** Gives {@code user} a connection to another server than the one it avoids, if there is one and the budget allows it. */
    public boolean hedge(UpstreamUser user) {
        CircuitBreaker breaker = pool.breaker();
        boolean refuses = breaker != null && breaker.state() != CircuitBreaker.State.CLOSED;
        ServerLane lane = refuses || pool.retired() ? null : picker.pick(user.pick());
        if (lane == null || !retries.take(connector.now())) {
            return false;
        }
        hand(lane, user);
        return true;
    }

    /** Gives {@code user} a connection, now or later, or tells it why not. */
    public void acquire(UpstreamUser user) {
        assert connector.loop().inEventLoop();
        Pool successor = pool.successor();
        if (successor != null) {
            successor.loop(index).acquire(user);
            return;
        }
        CircuitBreaker breaker = pool.breaker();
        if (breaker != null && !breaker.allows()) {
            user.refused(Refusal.CIRCUIT_OPEN);
            return;
        }
        if (over && pool.settings().tls() != null) {
            // Its certificates are gone with it.
            user.refused(Refusal.NO_SERVER);
            return;
        }
        ServerLane lane = picker.pick(user.pick());
        if (lane == null) {
            if (!picker.pickable(user.pick())) {
                user.refused(Refusal.NO_SERVER);
            } else {
                await(user);
            }
            return;
        }
        hand(lane, user);
    }

    private void hand(ServerLane lane, UpstreamUser user) {
        Http2Limits http2 = pool.settings().http2();
        Http2Connection shared = http2 == null ? null : lane.withRoom(user.pick());
        if (shared != null) {
            lane.requestBegins();
            shared.use(user);
            return;
        }
        boolean perClient = pool.handshake().perClient();
        boolean mustConnect = perClient || (user.pick().fresh() && lane.server().hasRoom());
        Http1Connection idle = mustConnect ? null : lane.takeIdle();
        if (idle != null) {
            idle.use(user, true);
        } else if (!lane.server().tryOpen()) {
            // Another loop was quicker.
            await(user);
        } else if (http2 == null) {
            connect(lane, user);
        } else {
            share(lane, user, http2);
        }
    }

    private void await(UpstreamUser user) {
        if (pool.enterQueue()) {
            waiting.addLast(user);
            if (pool.handshake().perClient()) {
                // What idles here may have been made for other clients.
                picker.lanes().forEach(ServerLane::shed);
            }
            pool.onOtherLoops(this, LoopPool::shed);
        } else {
            user.refused(Refusal.QUEUE_FULL);
        }
    }

    /** Sends it over a new connection that others will use too, if the server speaks HTTP/2. */
    private void share(ServerLane lane, UpstreamUser user, Http2Limits limits) {
        boolean perClient = pool.handshake().perClient();
        Http2Connection connection =
                new Http2Connection(lane, limits, perClient ? user.pick().client() : null);
        lane.share(connection);
        connections = ++open;
        lane.requestBegins();
        connection.use(user);
        connect(lane.server(), connection, user.pick(), new Reached() {
            @Override
            public void done(Channel channel, boolean http2) {
                lane.sharing(http2);
                if (http2) {
                    connection.connected(channel);
                } else {
                    downgrade(lane, connection, channel);
                }
            }

            @Override
            public void failed(String why) {
                lane.left(connection);
                connection.failed(why);
            }
        });
    }

    /** It turned out to be one of HTTP/1.1: for the first who waits, the others ask anew. */
    private void downgrade(ServerLane lane, Http2Connection from, Channel channel) {
        lane.left(from);
        List<UpstreamUser> users = from.downgraded();
        Http1Connection connection = new Http1Connection(lane);
        channel.pipeline().replace(from, null, connection);
        if (!users.isEmpty()) {
            connection.reserve(users.getFirst());
        }
        connection.connected(channel);
        for (UpstreamUser other : users.subList(Math.min(1, users.size()), users.size())) {
            lane.requestEnded();
            acquire(other);
        }
    }

    /** What becomes of an attempt to connect. */
    private interface Reached {
        /** Whether it speaks HTTP/2, else HTTP/1.1. */
        void done(Channel channel, boolean http2);

        void failed(String why);
    }

    /** Connects, and says what is to be said before the first request. */
    private void connect(Server server, ChannelHandler connection, Pick pick, Reached reached) {
        ByteBuf header = pool.handshake().header(pick);
        connecting++;
        Future<Channel> future = connector.connect(
                connection, server.address(), pool.settings().connectTimeout().toMillis());
        future.addListener(done -> connected(server, future, header, reached));
    }

    private void connected(Server server, Future<Channel> future, @Nullable ByteBuf header, Reached reached) {
        try {
            if (future.isSuccess()) {
                handshake(server, future.getNow(), header, reached);
            } else {
                ReferenceCountUtil.release(header);
                notReached(server, future.cause(), reached);
            }
        } finally {
            connecting--;
            endIfOver();
        }
    }

    private void handshake(Server server, Channel channel, @Nullable ByteBuf header, Reached reached) {
        server.connected();
        if (header != null) {
            channel.writeAndFlush(header);
        }
        SslHandler tls = pool.handshake().tls(channel, server);
        if (tls == null) {
            reached.done(channel, pool.settings().http2() != null);
            return;
        }
        channel.pipeline().addFirst(tls);
        tls.handshakeFuture().addListener(done -> {
            boolean http2 = done.isSuccess() && pool.handshake().speaksHttp2(tls);
            if (done.isSuccess()
                    && (http2
                            || pool.settings().http2() == null
                            || pool.settings().negotiated())) {
                reached.done(channel, http2);
            } else {
                notReached(server, done.isSuccess() ? new ConnectException(NO_HTTP2) : done.cause(), reached);
                channel.close();
            }
        });
    }

    private void notReached(Server server, Throwable why, Reached reached) {
        server.connectFailed(connector.now());
        reached.failed(String.valueOf(why.getMessage()));
    }

    /** Forgets a user that waits for a connection. */
    public void cancel(UpstreamUser user) {
        Pool successor = pool.successor();
        if (waiting.remove(user)) {
            pool.leaveQueue();
            endIfOver();
        } else if (successor != null) {
            successor.loop(index).cancel(user);
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
        for (int i = waiting.size(); i > 0 && !waiting.isEmpty(); i--) {
            UpstreamUser next = waiting.getFirst();
            ServerLane lane = picker.pick(next.pick());
            if (lane == null) {
                return;
            }
            nextWaiting();
            hand(lane, next);
        }
        endIfOver();
    }

    /** Another loop waits for room at a server whose connections idle here. */
    private void shed() {
        if (pool.waiting() > waiting.size()) {
            picker.lanes().forEach(ServerLane::shed);
        }
    }

    private void connect(ServerLane lane, UpstreamUser user) {
        lane.connecting();
        connections = ++open;
        Http1Connection connection = new Http1Connection(lane);
        connection.reserve(user);
        user.connecting(connection);
        connect(lane.server(), connection, user.pick(), new Reached() {
            @Override
            public void done(Channel channel, boolean http2) {
                connection.connected(channel);
            }

            @Override
            public void failed(String why) {
                connection.failed(why);
            }
        });
    }

    /** The server that {@link #acquire} would pick for a request now, and why; null for none. On the loop. */
    public @Nullable Server explain(Pick pick, Explanation why) {
        return picker.explain(pick, why);
    }

    /** A connection is free: for who waits longest, or to idle; false when it is to be closed. */
    boolean release(Http1Connection connection) {
        if (pool.retired()
                || pool.handshake().perClient()
                || connection.lane().retired()
                || connection.lane().server().draining()) {
            return false;
        }
        if (yields(connection.lane().server())) {
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

    /** Whether a connection is to close for the others, who would wait for ever behind a queue here that never empties. */
    private boolean yields(Server server) {
        if (waiting.isEmpty() || othersWait() <= 0 || server.hasRoom() || ++turns < TURNS) {
            return false;
        }
        turns = 0;
        yields++;
        return true;
    }

    private int othersWait() {
        return pool.waiting() - waiting.size();
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
    void streamFreed(Http2Connection connection) {
        if (!waiting.isEmpty()) {
            serveWaiting();
        }
        if (pool.waiting() > 0
                && connection.idle()
                && !connection.lane().server().hasRoom()) {
            // For those on other loops, who cannot use it.
            connection.leave();
        }
        if (!waiting.isEmpty() && pool.handshake().perClient()) {
            picker.lanes().forEach(ServerLane::shed);
        }
    }

    private void oneFewer() {
        connections = --open;
        boolean yielded = yields > 0;
        yields -= yielded ? 1 : 0;
        if (yielded && othersWait() > 0) {
            // Those here are served with the next connection that closes, or by the sweep.
            pool.onOtherLoops(this, LoopPool::serveWaiting);
        } else if (!waiting.isEmpty()) {
            serveWaiting();
        } else if (pool.waiting() > 0) {
            pool.onOtherLoops(this, LoopPool::serveWaiting);
        }
    }

    /** Closes what has idled for too long; called every now and then. */
    public void sweep() {
        long at = connector.now();
        long before = at - idleNanos;
        for (ServerLane lane : picker.lanes()) {
            lane.closeIdleSince(before);
        }
        if (index == 0) {
            pool.sweep(at);
        }
        if (hedges != null) {
            hedges.look();
        }
        if (yields == 0 && othersWait() > 0) {
            // A shared connection that is never idle would never be given up.
            for (ServerLane lane : picker.lanes()) {
                yields += lane.yieldShared() ? 1 : 0;
            }
        }
        serveWaiting();
    }

    /** The pool is retired: who waits goes to the one in its place, and what idles closes. */
    void retire() {
        for (ServerLane lane : picker.lanes()) {
            lane.closeIdle();
        }
        Pool successor = pool.successor();
        UpstreamUser next;
        while (successor != null && (next = nextWaiting()) != null) {
            successor.loop(index).acquire(next);
        }
        retired = true;
        endIfOver();
    }

    private void endIfOver() {
        if (retired && !over && connecting == 0 && waiting.isEmpty()) {
            over = true;
            pool.loopIsOver();
        }
    }

    int connections() {
        return connections;
    }
}
