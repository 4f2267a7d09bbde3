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

    ChannelFuture connect(ChannelHandler connection, Server server, long timeoutMillis) {
        return bootstrap
                .clone()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeoutMillis)
                .handler(connection)
                .connect(server.address());
    }
}
