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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Sends what {@code pgbench -S} sends over kept connections at a rate, in a process of its own: each query when it is due, whether
 * or not the answers keep up, and measured from when it was due, so that a server that stalls is charged for everybody who would
 * have come meanwhile. With a rate of 0 each connection asks once and then stays, idle.
 *
 * <p>Arguments: port, database, connections, seconds, queries a second, accounts. Prints {@code RESULT microseconds queries p50 p99
 * errors}.
 */
public final class PgLoad {
    private static final long LONGEST_MICROS = 60_000_000;
    private static final int CONNECTING_AT_ONCE = 64;
    private static final int VERSION = 3 << 16;

    private final String database;
    private final boolean once;
    private final long gapNanos;
    private final int accounts;
    private final Random random = new Random(1);
    /** Connections that have not logged in yet or, if they ask once, are not answered yet. */
    private final CountDownLatch open;

    private final Histogram latency = new Histogram(LONGEST_MICROS, 3);
    private long endsAt;
    private long answered;
    private long errors;

    private PgLoad(String database, int connections, long rate, int accounts) {
        this.database = database;
        this.accounts = accounts;
        once = rate == 0;
        open = new CountDownLatch(connections);
        gapNanos = once ? 0 : TimeUnit.SECONDS.toNanos(1) * connections / rate;
    }

    public static void main(String[] arguments) throws InterruptedException {
        int connections = Integer.parseInt(arguments[2]);
        PgLoad load =
                new PgLoad(arguments[1], connections, Long.parseLong(arguments[4]), Integer.parseInt(arguments[5]));
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
                            channel.pipeline().addLast(new Client());
                        }
                    });
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                channels.add(bootstrap
                        .connect("127.0.0.1", port)
                        .addListener(done -> {
                            if (!done.isSuccess()) {
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
            Client client = channels.get(i).pipeline().get(Client.class);
            if (client == null || !channels.get(i).isActive()) {
                errors++;
                channels.get(i).close();
            } else {
                // Spread over one gap, so that they are not all due at once.
                client.begin(once ? endsAt : begun + gapNanos * i / channels.size());
            }
        }
    }

    /** Owned by the event loop. One connection, and when its next query is due. */
    private final class Client extends ChannelInboundHandlerAdapter {
        private @Nullable ChannelHandlerContext context;
        private boolean loggedIn;
        private boolean counted;
        private boolean ends;
        private long due;
        private int header;
        private byte type;
        private int left;

        void begin(long at) {
            due = at;
            schedule();
        }

        private void schedule() {
            ChannelHandlerContext ctx = context;
            if (ctx != null) {
                ctx.executor().schedule(() -> ask(ctx), due - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        }

        private void ask(ChannelHandlerContext ctx) {
            if (due - endsAt >= 0) {
                ends = true;
                ctx.close();
            } else {
                query(ctx);
            }
        }

        private void query(ChannelHandlerContext ctx) {
            String sql = "SELECT abalance FROM pgbench_accounts WHERE aid = " + (1 + random.nextInt(accounts)) + ";";
            ByteBuf out = ctx.alloc().buffer(sql.length() + 6);
            out.writeByte('Q').writeInt(sql.length() + 5);
            out.writeCharSequence(sql, StandardCharsets.US_ASCII);
            ctx.writeAndFlush(out.writeByte(0), ctx.voidPromise());
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            due = System.nanoTime();
            String parameters = "user\0postgres\0database\0" + database + "\0\0";
            ByteBuf out = ctx.alloc().buffer();
            out.writeInt(8 + parameters.length()).writeInt(VERSION);
            out.writeCharSequence(parameters, StandardCharsets.US_ASCII);
            ctx.writeAndFlush(out, ctx.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            while (in.isReadable()) {
                if (header < 5) {
                    byte next = in.readByte();
                    if (header == 0) {
                        type = next;
                        left = 0;
                    } else {
                        left = left << 8 | (next & 0xff);
                    }
                    header++;
                    left -= header == 5 ? 4 : 0;
                } else {
                    int part = Math.min(left, in.readableBytes());
                    in.skipBytes(part);
                    left -= part;
                }
                if (header == 5 && left == 0) {
                    header = 0;
                    whole(ctx);
                }
            }
            in.release();
        }

        private void whole(ChannelHandlerContext ctx) {
            if (type == 'E') {
                errors++;
                ctx.close();
            } else if (type == 'Z' && !loggedIn) {
                loggedIn = true;
                if (once) {
                    query(ctx);
                } else {
                    count();
                }
            } else if (type == 'Z') {
                answered++;
                latency.recordValue(Math.clamp((System.nanoTime() - due) / 1000, 0, LONGEST_MICROS));
                if (once) {
                    count();
                } else {
                    due += gapNanos;
                    schedule();
                }
            }
        }

        private void count() {
            if (!counted) {
                counted = true;
                open.countDown();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            errors += ends ? 0 : 1;
            count();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
