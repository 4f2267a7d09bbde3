package io.plinth.lbproxy.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.SocketAddress;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** Connects to servers on one event loop, with that loop's clock and randomness. */
public final class Connector {
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(32 * 1024, 64 * 1024);

    /**
     * A connection's window is 64 KiB at first, and what it held back comes while the first part is read: a response of 100 KB
     * takes two reads, one after the other, and goes on in one write. The guess falls back to what a server's responses take.
     */
    private static final RecvByteBufAllocator READS =
            new AdaptiveRecvByteBufAllocator(512, 4096, 64 * 1024).maxMessagesPerRead(2);

    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;

    public Connector(EventLoop loop, Class<? extends Channel> channel, LongSupplier nanoTime, RandomGenerator random) {
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.random = random;
        bootstrap = new Bootstrap()
                .group(loop)
                .channel(channel)
                .option(ChannelOption.RECVBUF_ALLOCATOR, READS)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    }

    public EventLoop loop() {
        return loop;
    }

    long now() {
        return nanoTime.getAsLong();
    }

    RandomGenerator random() {
        return random;
    }

    /**
     * In a turn of its own, not among the reads of this one: what such a read closes frees its descriptor, a socket made now would
     * get that, and with it what epoll_wait had already told of the old one. A hang-up that was not its own closed it.
     */
    Future<Channel> connect(ChannelHandler connection, SocketAddress to, long timeoutMillis) {
        Bootstrap attempt = bootstrap
                .clone()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeoutMillis)
                .handler(connection);
        Promise<Channel> reached = loop.newPromise();
        loop.execute(() -> attempt.connect(to).addListener((ChannelFuture done) -> {
            if (done.isSuccess()) {
                reached.setSuccess(done.channel());
            } else {
                reached.setFailure(done.cause());
            }
        }));
        return reached;
    }
}
