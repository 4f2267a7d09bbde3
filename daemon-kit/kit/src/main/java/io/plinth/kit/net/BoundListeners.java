package io.plinth.kit.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.plinth.kit.config.HostPort;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The sockets of one node. Called by the node's runner and by the daemon it starts, never by an event loop.
 *
 * <p>A ServerBootstrap per loop, with that loop as parent and child group, keeps what a socket accepted on its loop.
 */
public final class BoundListeners implements Listeners {
    private static final int BACKLOG = 1024;

    private final String node;
    private final UnaryOperator<String> keyOf;
    private final EventLoops loops;
    private final InheritedSockets inherited;
    private final boolean reusePort;
    private final List<Open> open = new ArrayList<>();

    private record Open(Bound bound, boolean stream) {}

    /** A socket as the handover passes it on. */
    record Offered(String name, boolean stream, InetSocketAddress address, FileDescriptor descriptor) {}

    /**
     * Binds nothing yet.
     *
     * @param node named in errors
     * @param keyOf the key of the file that sets a listener's address, by the listener's name; named in errors
     */
    public BoundListeners(String node, UnaryOperator<String> keyOf, EventLoops loops, InheritedSockets inherited) {
        this.node = node;
        this.keyOf = keyOf;
        this.loops = loops;
        this.inherited = inherited;
        this.reusePort = Transport.parse(loops.transport()).reusesPorts();
    }

    @Override
    public Bound tcp(String name, HostPort address, ChannelHandler child) throws ListenException {
        return bind(name, true, address, child);
    }

    @Override
    public Bound udp(String name, HostPort address, ChannelHandler handler) throws ListenException {
        return bind(name, false, address, handler);
    }

    private synchronized Bound bind(String name, boolean stream, HostPort at, ChannelHandler handler)
            throws ListenException {
        InetSocketAddress wanted = resolve(name, at);
        List<Channel> channels = new ArrayList<>();
        try {
            List<FileDescriptor> given = inherited.take(name, stream, wanted);
            if (!given.isEmpty()) {
                adopt(given, stream, handler, channels);
            } else {
                bindNew(PortProbe.prove(stream, wanted), stream, handler, channels);
            }
        } catch (Exception e) {
            channels.forEach(channel -> channel.close().awaitUninterruptibly());
            throw new ListenException(BindFailure.explain(node, name, at, keyOf.apply(name), e), e);
        }
        Bound bound = new Bound(name, (InetSocketAddress) channels.getFirst().localAddress(), channels);
        open.add(new Open(bound, stream));
        return bound;
    }

    private InetSocketAddress resolve(String name, HostPort at) throws ListenException {
        try {
            return new InetSocketAddress(InetAddress.getByName(at.host()), at.port());
        } catch (UnknownHostException e) {
            throw new ListenException(BindFailure.explain(node, name, at, keyOf.apply(name), e), e);
        }
    }

    private void bindNew(InetSocketAddress wanted, boolean stream, ChannelHandler handler, List<Channel> into)
            throws Exception {
        boolean perLoop = reusePort && loops.all().size() > 1;
        List<EventLoop> on = perLoop || (!stream && reusePort)
                ? loops.all()
                : List.of(loops.all().getFirst());
        InetSocketAddress address = wanted;
        for (EventLoop loop : on) {
            ChannelFuture bound = stream
                    ? server(loop, perLoop, handler)
                            .channel(loops.serverChannel())
                            .bind(address)
                    : datagram(loop, handler).channelFactory(datagrams(address)).bind(address);
            into.add(done(bound));
            // Port 0: the first socket picks, the others join it.
            address = (InetSocketAddress) into.getFirst().localAddress();
        }
        into.forEach(BoundListeners::startReading);
    }

    /** A socket of IPv6 for an IPv4 address would cost every datagram a translation of its addresses, both ways. */
    private ChannelFactory<? extends Channel> datagrams(InetSocketAddress address) {
        Class<? extends DatagramChannel> type = loops.datagramChannel();
        return type.equals(EpollDatagramChannel.class) && address.getAddress() instanceof Inet4Address
                ? () -> new EpollDatagramChannel(SocketProtocolFamily.INET)
                : new ReflectiveChannelFactory<>(type);
    }

    private void adopt(List<FileDescriptor> given, boolean stream, ChannelHandler handler, List<Channel> into)
            throws Exception {
        List<EventLoop> all = loops.all();
        boolean perLoop = given.size() >= all.size();
        for (int i = 0; i < given.size(); i++) {
            int descriptor = given.get(i).intValue();
            EventLoop loop = all.get(i % all.size());
            ChannelFuture registered = stream
                    ? server(loop, perLoop, handler)
                            .channelFactory(() -> new EpollServerSocketChannel(descriptor))
                            .register()
                    : datagram(loop, handler)
                            .channelFactory(() -> new EpollDatagramChannel(descriptor))
                            .register();
            into.add(done(registered));
        }
        into.forEach(BoundListeners::startReading);
    }

    /** Reading starts in a task of its own, after the acceptor that Netty adds in one too. */
    private static void startReading(Channel channel) {
        channel.eventLoop().execute(() -> channel.config().setAutoRead(true));
    }

    private static Channel done(ChannelFuture future) throws Exception {
        future.awaitUninterruptibly();
        if (!future.isSuccess()) {
            future.channel().close();
            Throwable cause = future.cause();
            throw cause instanceof Exception exception ? exception : new IllegalStateException(cause);
        }
        return future.channel();
    }

    private ServerBootstrap server(EventLoop loop, boolean childrenStay, ChannelHandler child) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop, childrenStay ? loop : loops.group())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(child);
        return reusePort ? bootstrap.option(UnixChannelOption.SO_REUSEPORT, true) : bootstrap;
    }

    private Bootstrap datagram(EventLoop loop, ChannelHandler handler) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .handler(handler);
        return reusePort ? bootstrap.option(UnixChannelOption.SO_REUSEPORT, true) : bootstrap;
    }

    /** Every open socket, for the handover; empty where the transport has no descriptors. */
    synchronized List<Offered> offered() {
        List<Offered> all = new ArrayList<>();
        for (Open each : open) {
            for (Channel channel : each.bound.channels()) {
                if (channel.isOpen() && channel instanceof UnixChannel unix) {
                    all.add(new Offered(each.bound.name(), each.stream, each.bound.address(), unix.fd()));
                }
            }
        }
        return all;
    }

    @Override
    public synchronized void stopAccepting() {
        for (Open each : open) {
            for (Channel channel : each.bound.channels()) {
                if (channel instanceof ServerChannel) {
                    channel.close().awaitUninterruptibly();
                } else {
                    // A UDP socket still sends the answers it owes.
                    channel.config().setAutoRead(false);
                }
            }
        }
    }

    @Override
    public synchronized void close() {
        open.forEach(
                each -> each.bound.channels().forEach(channel -> channel.close().awaitUninterruptibly()));
        open.clear();
    }
}
