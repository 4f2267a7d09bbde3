package io.plinth.deploy.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Sends GETs over kept connections at a rate, in a process of its own: each when it is due, whether or not the answers keep up,
 * and measured from when it was due, so that a server that stalls is charged for everybody who would have come meanwhile. With a
 * rate of 0 each connection asks once and then stays open, idle.
 *
 * <p>Arguments: port, path, connections, seconds, requests a second. Prints {@code RESULT microseconds requests p50 p99 errors}.
 */
public final class HttpLoad {
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);
    private static final int CONNECTING_AT_ONCE = 256;

    private final ByteBuf request;
    private final boolean once;
    private final long gapNanos;
    /** Connections that are not yet open or, if they ask once, not yet answered. */
    private final CountDownLatch open;

    private final Histogram latency = new Histogram(LONGEST_MICROS, 3);
    private long endsAt;
    private long answered;
    private long errors;

    private HttpLoad(String path, int connections, long rate) {
        String text = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        request = Unpooled.unreleasableBuffer(
                Unpooled.directBuffer(text.length()).writeBytes(text.getBytes(StandardCharsets.US_ASCII)));
        once = rate == 0;
        open = new CountDownLatch(connections);
        gapNanos = once ? 0 : TimeUnit.SECONDS.toNanos(1) * connections / rate;
    }

    public static void main(String[] arguments) throws InterruptedException {
        int connections = Integer.parseInt(arguments[2]);
        HttpLoad load = new HttpLoad(arguments[1], connections, Long.parseLong(arguments[4]));
        load.run(Integer.parseInt(arguments[0]), connections, Integer.parseInt(arguments[3]));
    }

    private void run(int port, int connections, int seconds) throws InterruptedException {
        boolean epoll = Epoll.isAvailable();
        try (EventLoopGroup loop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory())) {
            Bootstrap bootstrap = new Bootstrap()
                    .group(loop)
                    .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new Asking());
                        }
                    });
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                channels.add(bootstrap
                        .connect("127.0.0.1", port)
                        .addListener(done -> {
                            if (!once || !done.isSuccess()) {
                                open.countDown();
                            }
                        })
                        .channel());
                while (i + 1 - (connections - open.getCount()) > CONNECTING_AT_ONCE) {
                    Thread.sleep(1);
                }
            }
            open.await();
            long begun = System.nanoTime();
            loop.submit(() -> begin(channels, begun, seconds)).sync();
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

    private void begin(List<Channel> channels, long begun, int seconds) {
        endsAt = begun + TimeUnit.SECONDS.toNanos(seconds);
        for (int i = 0; i < channels.size(); i++) {
            Asking asking = channels.get(i).pipeline().get(Asking.class);
            if (asking == null || !channels.get(i).isActive()) {
                errors++;
                channels.get(i).close();
            } else {
                // Spread over one gap, so that they are not all due at once.
                asking.begin(once ? endsAt : begun + gapNanos * i / channels.size());
            }
        }
    }

    /** Owned by the event loop. One connection, and when its next request is due. */
    private final class Asking extends ChannelInboundHandlerAdapter {
        private final HttpResponses responses = new HttpResponses();
        private @Nullable ChannelHandlerContext context;
        private long due;
        private boolean waiting;
        private boolean ends;
        private boolean answeredOnce;

        void begin(long at) {
            due = at;
            schedule();
        }

        private void schedule() {
            ChannelHandlerContext ctx = context;
            if (ctx == null) {
                return;
            }
            ctx.executor().schedule(this::ask, due - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            if (once) {
                due = System.nanoTime();
                send(ctx);
            }
        }

        private void send(ChannelHandlerContext ctx) {
            waiting = true;
            ctx.writeAndFlush(request.duplicate(), ctx.voidPromise());
        }

        private void ask() {
            ChannelHandlerContext ctx = context;
            if (ctx == null) {
                return;
            }
            if (due - endsAt >= 0) {
                ends = true;
                ctx.close();
                return;
            }
            send(ctx);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            int whole = responses.read(in);
            in.release();
            if (whole == HttpResponses.WRONG || (whole > 0 && !waiting)) {
                errors++;
                ctx.close();
            } else if (whole > 0) {
                waiting = false;
                answered++;
                latency.recordValue(Math.clamp((System.nanoTime() - due) / 1000, 0, LONGEST_MICROS));
                if (once) {
                    answeredOnce = true;
                    open.countDown();
                } else {
                    due += gapNanos;
                    schedule();
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            errors += ends ? 0 : 1;
            if (once && !answeredOnce) {
                open.countDown();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
