package io.plinth.deploy.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Loads a cache, in a process of its own: so many connections, each with so many requests on their way at once. With a rate
 * it asks when a request is due, whether or not the answers keep up, and measures from when it was due; without one it
 * asks again as soon as it is answered.
 *
 * <p>Arguments: port, kind, connections, pipeline, seconds (0: go through all keys once), keys, requests a second (0: as fast as
 * answered). Prints {@code RESULT microseconds requests p50 p99 errors}.
 */
public final class CacheLoad {
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);

    private final CacheRequests.Kind kind;
    private final int pipeline;
    private final CacheRequests requests;
    private final boolean filling;
    /** Between two batches of one connection; 0 without a rate. */
    private final long gapNanos;

    private final Histogram latency = new Histogram(LONGEST_MICROS, 3);
    private long endsAt;
    private long answered;
    private long errors;

    private CacheLoad(CacheRequests.Kind kind, int connections, int pipeline, boolean filling, int keys, long rate) {
        this.kind = kind;
        this.pipeline = pipeline;
        this.filling = filling;
        this.requests = new CacheRequests(kind, keys, new SplittableRandom(42));
        this.gapNanos = rate == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) * connections * pipeline / rate;
    }

    public static void main(String[] arguments) throws InterruptedException {
        int connections = Integer.parseInt(arguments[2]);
        int seconds = Integer.parseInt(arguments[4]);
        CacheLoad load = new CacheLoad(
                CacheRequests.Kind.of(arguments[1]),
                connections,
                Integer.parseInt(arguments[3]),
                seconds == 0,
                Integer.parseInt(arguments[5]),
                Long.parseLong(arguments[6]));
        load.run(Integer.parseInt(arguments[0]), connections, seconds);
    }

    private void run(int port, int connections, int seconds) throws InterruptedException {
        boolean epoll = Epoll.isAvailable();
        try (EventLoopGroup loop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory())) {
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                channels.add(new Bootstrap()
                        .group(loop)
                        .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .handler(new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                channel.pipeline().addLast(new Asking());
                            }
                        })
                        .connect("127.0.0.1", port)
                        .sync()
                        .channel());
            }
            long begun = System.nanoTime();
            loop.submit(() -> {
                        endsAt = begun + TimeUnit.SECONDS.toNanos(seconds);
                        for (int i = 0; i < connections; i++) {
                            Asking asking = channels.get(i).pipeline().get(Asking.class);
                            // Spread over one gap, so that they are not all due at once.
                            asking.begin(begun + gapNanos * i / connections);
                        }
                    })
                    .sync();
            for (Channel channel : channels) {
                channel.closeFuture().sync();
            }
            long took = System.nanoTime() - begun;
            loop.submit(() -> System.out.printf(
                            "RESULT %d %d %d %d errors=%d%n",
                            took / 1000,
                            answered,
                            latency.getValueAtPercentile(50),
                            latency.getValueAtPercentile(99),
                            errors))
                    .sync();
        }
    }

    /** Owned by the event loop. One connection with its batch of requests. */
    private final class Asking extends ChannelInboundHandlerAdapter {
        private final CacheReplies replies = new CacheReplies(kind.memcached());
        private @Nullable ChannelHandlerContext context;
        private int open;
        private long due;

        void begin(long at) {
            due = at;
            context().executor().schedule(this::ask, at - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        private ChannelHandlerContext context() {
            ChannelHandlerContext ctx = context;
            if (ctx == null) {
                throw new IllegalStateException("connection: not open yet");
            }
            return ctx;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        private void ask() {
            ChannelHandlerContext ctx = context();
            if (filling ? requests.allWritten() : System.nanoTime() - endsAt >= 0) {
                ctx.close();
                return;
            }
            ByteBuf out = ctx.alloc().directBuffer(pipeline * 128);
            do {
                if (filling) {
                    requests.writeNext(out);
                } else {
                    requests.write(out);
                }
            } while (++open < pipeline && !(filling && requests.allWritten()));
            ctx.writeAndFlush(out, ctx.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            int whole = replies.read(in);
            in.release();
            answered += whole;
            open -= whole;
            long now = System.nanoTime();
            if (whole > 0) {
                latency.recordValueWithCount(Math.clamp((now - due) / 1000, 0, LONGEST_MICROS), whole);
            }
            if (open == 0) {
                next(ctx, now);
            }
        }

        private void next(ChannelHandlerContext ctx, long now) {
            due = gapNanos == 0 ? now : due + gapNanos;
            if (due - now > 0) {
                ctx.executor().schedule(this::ask, due - now, TimeUnit.NANOSECONDS);
            } else {
                ask();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            errors += replies.errors() + open;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            errors++;
            ctx.close();
        }
    }
}
