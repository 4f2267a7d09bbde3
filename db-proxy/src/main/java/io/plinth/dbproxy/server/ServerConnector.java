package io.plinth.dbproxy.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.kit.net.LoopPace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Opens connections to servers on a given event loop. Shared by the loops; names are looked up off the loop. */
public final class ServerConnector {
    private final Class<? extends Channel> channelType;
    private final int statements;
    private final LongSupplier nanoTime;
    private final Map<EventLoop, LoopPace> paces = new ConcurrentHashMap<>();

    /** {@code statements} bounds the prepared statements of each connection. */
    public ServerConnector(Class<? extends Channel> channelType, int statements, LongSupplier nanoTime) {
        this.channelType = channelType;
        this.statements = statements;
        this.nanoTime = nanoTime;
    }

    /** When the loop looks at its sockets again: one for all its connections. */
    public LoopPace pace(EventLoop loop) {
        return paces.computeIfAbsent(loop, _ -> new LoopPace(nanoTime, LockSupport::parkNanos));
    }

    /** How a connection attempt ended; told on the event loop. */
    public interface Outcome {
        void connected(ServerConnection connection);

        void failed(SqlError why);
    }

    /** Connects and logs in. */
    public void connect(ServerKey key, EventLoop loop, Duration timeout, Outcome outcome) {
        logIn(key, loop, timeout, Map.of(), outcome, (ctx, login, identity) -> {
            ServerConnection connection =
                    new ServerConnection(key, ctx.channel(), identity, statements, pace(loop), nanoTime.getAsLong());
            ctx.pipeline().replace(login, "server", connection);
            outcome.connected(connection);
        });
    }

    /** Takes over a channel whose server is ready: in {@code handler}'s place come its bytes. */
    public interface Opened {
        void ready(ServerIdentity identity, ChannelHandlerContext ctx, ChannelHandler handler);
    }

    /** Connects and logs in with further start-up parameters, for a connection that is nobody else's. */
    public void connectAlone(
            ServerKey key,
            EventLoop loop,
            Duration timeout,
            Map<String, String> parameters,
            Opened opened,
            Consumer<SqlError> failed) {
        Outcome outcome = new Outcome() {
            @Override
            public void connected(ServerConnection connection) {
                connection.close();
            }

            @Override
            public void failed(SqlError why) {
                failed.accept(why);
            }
        };
        logIn(key, loop, timeout, parameters, outcome, (ctx, login, identity) -> opened.ready(identity, ctx, login));
    }

    private void logIn(
            ServerKey key,
            EventLoop loop,
            Duration timeout,
            Map<String, String> parameters,
            Outcome outcome,
            ServerLogin.Handover handover) {
        resolve(key, loop, outcome, address -> {
            ServerLogin login = new ServerLogin(key, timeout, parameters, outcome, handover);
            Encryption encryption = key.login().encryption();
            Bootstrap bootstrap = bootstrap(loop, timeout)
                    .handler(encryption == null ? login : new EncryptionRequest(key, encryption, login));
            bootstrap.connect(address).addListener(done -> {
                if (!done.isSuccess()) {
                    outcome.failed(unreachable(key, done.cause()));
                }
            });
        });
    }

    /** Opens a bare channel, for cancel requests. */
    void open(ServerKey key, EventLoop loop, Duration timeout, Consumer<ChannelFuture> opened, Runnable failed) {
        Outcome outcome = new Outcome() {
            @Override
            public void connected(ServerConnection connection) {}

            @Override
            public void failed(SqlError why) {
                failed.run();
            }
        };
        resolve(
                key,
                loop,
                outcome,
                address -> opened.accept(bootstrap(loop, timeout)
                        .handler(new CancelSender.Quiet())
                        .connect(address)));
    }

    private Bootstrap bootstrap(EventLoop loop, Duration timeout) {
        return new Bootstrap()
                .group(loop)
                .channel(channelType)
                // As for clients' channels: fewer instructions for a small buffer than Netty's default takes.
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis());
    }

    private static void resolve(ServerKey key, EventLoop loop, Outcome outcome, Consumer<InetSocketAddress> next) {
        String host = key.address().host();
        int port = key.address().port();
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal != null) {
            try {
                InetSocketAddress address = new InetSocketAddress(InetAddress.getByAddress(literal), port);
                // Not among the reads of this turn: what one of them closes frees its descriptor, and a socket that
                // got it would be closed by the hang-up that epoll_wait has told of the old one.
                loop.execute(() -> next.accept(address));
            } catch (UnknownHostException e) {
                outcome.failed(unreachable(key, e));
            }
            return;
        }
        Thread.ofVirtual().name("resolve-" + host).start(() -> {
            InetSocketAddress address = new InetSocketAddress(host, port);
            loop.execute(() -> {
                if (address.isUnresolved()) {
                    outcome.failed(unreachable(key, new UnknownHostException("no address for " + host)));
                } else {
                    next.accept(address);
                }
            });
        });
    }

    static SqlError unreachable(ServerKey key, Throwable cause) {
        return SqlError.of(
                SqlError.CONNECTION_FAILURE,
                (key.replica() ? "replica " : "primary ") + key.name() + " at " + key.address() + " is not reachable: "
                        + cause.getMessage());
    }
}
