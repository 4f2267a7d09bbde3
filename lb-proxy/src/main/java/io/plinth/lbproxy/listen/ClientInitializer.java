package io.plinth.lbproxy.listen;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.kit.net.ProxyProtocol;
import io.plinth.kit.net.ServerTls;
import io.plinth.lbproxy.exchange.ClientConnection;
import io.plinth.lbproxy.exchange.Worker;
import io.plinth.lbproxy.forward.Face;
import io.plinth.lbproxy.limit.AddressLimit;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives an accepted connection to the worker of its loop, unless there are too many. Sharable, immutable. */
@ChannelHandler.Sharable
public final class ClientInitializer extends ChannelInitializer<Channel> {
    /** Two reads of a server's and a head stay below it, so that going on with them does not pause the server. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 * 1024, 160 * 1024);

    private static final byte[] FULL =
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII);

    private final Face face;
    private final IdentityHashMap<EventLoop, Worker> workers = new IdentityHashMap<>();
    private final ConnectionLimit limit;
    private final AddressLimit addresses;
    private final @Nullable ServerTls tls;
    private final boolean proxyProtocol;
    private final boolean halfClose;
    private final long handshakeMillis;

    public ClientInitializer(
            String listener,
            List<Worker> workers,
            ConnectionLimit limit,
            AddressLimit addresses,
            @Nullable ServerTls tls,
            boolean proxyProtocol,
            boolean halfClose,
            long handshakeMillis) {
        face = new Face(listener, tls != null);
        workers.forEach(worker -> this.workers.put(worker.loop(), worker));
        this.limit = limit;
        this.addresses = addresses;
        this.tls = tls;
        this.proxyProtocol = proxyProtocol;
        this.halfClose = halfClose && tls == null;
        this.handshakeMillis = handshakeMillis;
    }

    @Override
    protected void initChannel(Channel channel) {
        Worker worker = workers.get(channel.eventLoop());
        if (worker == null || !limit.enter()) {
            if (tls == null) {
                channel.writeAndFlush(Unpooled.wrappedBuffer(FULL)).addListener(ChannelFutureListener.CLOSE);
            } else {
                channel.close();
            }
            return;
        }
        if (!proxyProtocol && !AddressGate.enter(addresses, channel)) {
            limit.leave();
            channel.close();
            return;
        }
        channel.config().setAllocator(PooledByteBufAllocator.DEFAULT);
        channel.config().setWriteBufferWaterMark(WATER_MARK);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, halfClose);
        if (proxyProtocol) {
            ProxyProtocol.expect(channel.pipeline());
            channel.pipeline().addLast(new AddressGate(addresses));
        }
        if (tls != null) {
            channel.pipeline().addLast(tls.handler(channel.alloc(), handshakeMillis));
        }
        channel.pipeline().addLast(new ClientConnection(worker, face, limit::leave));
    }
}
