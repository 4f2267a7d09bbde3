package io.plinth.geodns.listen;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.plinth.geodns.answer.Responder;
import io.plinth.kit.net.ProxyProtocol;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** Sets up each TCP connection and counts them; called from every loop. */
public final class TcpListener extends ChannelInitializer<Channel> {
    private final ResponderFactory responders;
    private final LongSupplier nanoTime;
    private final Map<EventLoop, Loop> byLoop = new ConcurrentHashMap<>();
    private final Map<InetAddress, AtomicInteger> byAddress = new ConcurrentHashMap<>();
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong refused = new AtomicLong();
    private volatile TcpLimits limits;

    /** What the connections of one loop share. */
    private record Loop(Responder responder, TcpHandler.Room room) {}

    /** A listener whose connections share one responder on each loop. */
    public TcpListener(ResponderFactory responders, TcpLimits limits, LongSupplier nanoTime) {
        this.responders = responders;
        this.limits = limits;
        this.nanoTime = nanoTime;
    }

    /** Applies to connections accepted from now on. */
    public void limits(TcpLimits next) {
        limits = next;
    }

    @Override
    protected void initChannel(Channel channel) {
        TcpLimits now = limits;
        if (connections.incrementAndGet() > now.connections()) {
            connections.decrementAndGet();
            refused.incrementAndGet();
            channel.close();
            return;
        }
        InetAddress address = channel.remoteAddress() instanceof InetSocketAddress peer
                ? peer.getAddress()
                : InetAddress.getLoopbackAddress();
        Loop loop = byLoop.computeIfAbsent(
                channel.eventLoop(), key -> new Loop(responders.create(), new TcpHandler.Room()));
        boolean proxy = loop.responder().snapshot().guard().isProxy(address.getAddress());
        if (!proxy && !enter(address, now.perAddress())) {
            connections.decrementAndGet();
            refused.incrementAndGet();
            channel.close();
            return;
        }
        open.add(channel);
        channel.closeFuture().addListener(closed -> {
            open.remove(channel);
            connections.decrementAndGet();
            if (!proxy) {
                leave(address);
            }
        });
        if (proxy) {
            ProxyProtocol.expect(channel.pipeline());
        }
        Predicate<InetAddress> admission = client -> !proxy || behindProxy(channel, client, now.perAddress());
        channel.pipeline().addLast(new TcpHandler(loop.responder(), loop.room(), now, nanoTime, admission));
    }

    /** A proxy's connections count for the clients that it names. */
    private boolean behindProxy(Channel channel, InetAddress client, int most) {
        if (!enter(client, most)) {
            refused.incrementAndGet();
            return false;
        }
        channel.closeFuture().addListener(closed -> leave(client));
        return true;
    }

    private boolean enter(InetAddress address, int most) {
        boolean[] entered = {false};
        byAddress.compute(address, (key, count) -> {
            AtomicInteger now = count == null ? new AtomicInteger() : count;
            entered[0] = now.get() < most;
            if (entered[0]) {
                now.incrementAndGet();
            }
            return now;
        });
        return entered[0];
    }

    private void leave(InetAddress address) {
        byAddress.computeIfPresent(address, (key, count) -> count.decrementAndGet() == 0 ? null : count);
    }

    @Override
    public boolean isSharable() {
        return true;
    }

    /** Connections open now. */
    public int connections() {
        return connections.get();
    }

    /** Connections closed at once as there were too many. */
    public long refused() {
        return refused.get();
    }

    /** Closes every connection behind what it still has to send; there is never a query half answered. */
    public CompletionStage<Void> drain() {
        CompletableFuture<?>[] closed = open.stream()
                .map(channel -> {
                    CompletableFuture<Void> done = new CompletableFuture<>();
                    channel.closeFuture().addListener(future -> done.complete(null));
                    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
                    return done;
                })
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(closed);
    }

    /** Closes every connection. */
    public void close() {
        open.forEach(Channel::close);
    }
}
