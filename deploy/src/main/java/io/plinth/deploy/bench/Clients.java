package io.plinth.deploy.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its event loop, once all connections are open. The connections of a generator of load, and what they see. With a rate each
 * asks when it is due, whether or not the answers keep up, and is measured from when it was due, so that a server that stalls is
 * charged for everybody who would have come meanwhile.
 */
final class Clients {
    /** What a connection does without a rate. */
    enum Unpaced {
        /** Asks again as soon as it is answered. */
        AGAIN,
        /** Asks once, before time begins, and stays open, idle. */
        STAY
    }

    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);
    private static final int CONNECTING_AT_ONCE = 64;

    /**
     * So long a virtual machine asks at its rate before latencies count: at first it interprets and compiles its own code, and falls
     * behind for a third of a second.
     */
    static final Duration LEAD = Duration.ofSeconds(3);

    private final int connections;
    private final boolean stays;
    /** Between two askings of one connection; 0 without a rate. */
    private final long gapNanos;
    /** Connections that may not yet begin. */
    private final CountDownLatch opening;

    private final Histogram latency = new Histogram(LONGEST_MICROS, 3);
    private long countsFrom;
    private long endsAt;
    private long answered;
    private long errors;

    /** {@code rate}: askings a second of all of them; 0 for none. */
    Clients(int connections, long rate, Unpaced unpaced) {
        this.connections = connections;
        this.stays = rate == 0 && unpaced == Unpaced.STAY;
        this.gapNanos = rate == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) * connections / rate;
        this.opening = new CountDownLatch(connections);
    }

    /**
     * Loads the server on that port of this host for so long; returns the line that tells of it.
     *
     * @param lead with a rate: time before that, whose requests count, but not their latencies
     */
    String run(int port, Duration lead, Duration time, Function<Clients, Client> makes) throws InterruptedException {
        boolean epoll = Epoll.isAvailable();
        try (EventLoopGroup loop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory())) {
            Bootstrap bootstrap = new Bootstrap()
                    .group(loop)
                    .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true);
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                Client client = makes.apply(this);
                clients.add(client);
                bootstrap.clone().handler(client).connect("127.0.0.1", port).addListener(done -> {
                    if (!done.isSuccess()) {
                        client.fail();
                    }
                });
                while (i + 1 - (connections - opening.getCount()) > CONNECTING_AT_ONCE) {
                    Thread.sleep(1);
                }
            }
            opening.await();
            long begun = System.nanoTime();
            loop.submit(() -> begin(clients, begun, lead, time)).sync();
            for (Client client : clients) {
                client.closed.await();
            }
            long took = System.nanoTime() - begun;
            return loop.submit(() -> result(took)).sync().getNow();
        }
    }

    private String result(long tookNanos) {
        return "RESULT %d %d %d %d errors=%d"
                .formatted(
                        tookNanos / 1000,
                        answered,
                        latency.getValueAtPercentile(50),
                        latency.getValueAtPercentile(99),
                        errors);
    }

    private void begin(List<Client> clients, long begun, Duration lead, Duration time) {
        countsFrom = begun + (gapNanos == 0 ? 0 : lead.toNanos());
        endsAt = countsFrom + time.toNanos();
        for (int i = 0; i < clients.size(); i++) {
            // Spread over one gap, so that they are not all due at once.
            clients.get(i).begin(stays ? endsAt : begun + gapNanos * i / clients.size());
        }
    }

    /** Owned by the event loop. One connection, and when it asks next. */
    abstract static class Client extends ChannelInboundHandlerAdapter {
        private final Clients all;
        private final CountDownLatch closed = new CountDownLatch(1);
        private @Nullable ChannelHandlerContext context;
        private boolean counted;
        private boolean ends;
        private long due;

        Client(Clients all) {
            this.all = all;
        }

        /** Writes what is due. */
        abstract void ask(ChannelHandlerContext ctx);

        /** The first to be done on a connection; {@link #ready} once that is answered. */
        void greet(ChannelHandlerContext ctx) {
            ready(ctx);
        }

        /** Whether there is nothing more to ask. */
        boolean isOver() {
            return due - all.endsAt >= 0;
        }

        /** What went wrong on this connection beside its end. */
        long faults() {
            return 0;
        }

        /** It may ask from now on. */
        final void ready(ChannelHandlerContext ctx) {
            if (all.stays) {
                ask(ctx);
            } else {
                count();
            }
        }

        /** So many requests were answered; {@code last}: all that it asked when it was due. */
        final void answered(ChannelHandlerContext ctx, int count, boolean last) {
            long now = System.nanoTime();
            all.answered += count;
            if (all.gapNanos == 0 || due - all.countsFrom >= 0) {
                all.latency.recordValueWithCount(Math.clamp((now - due) / 1000, 0, LONGEST_MICROS), count);
            }
            if (all.stays) {
                count();
            } else if (last) {
                due = all.gapNanos == 0 ? now : due + all.gapNanos;
                next(ctx, now);
            }
        }

        private void begin(long at) {
            ChannelHandlerContext ctx = context;
            if (ctx != null && ctx.channel().isActive()) {
                due = at;
                next(ctx, System.nanoTime());
            }
        }

        private void next(ChannelHandlerContext ctx, long now) {
            if (due - now > 0) {
                ctx.executor().schedule(() -> askOrEnd(ctx), due - now, TimeUnit.NANOSECONDS);
            } else {
                askOrEnd(ctx);
            }
        }

        private void askOrEnd(ChannelHandlerContext ctx) {
            if (isOver()) {
                ends = true;
                ctx.close();
            } else if (ctx.channel().isActive()) {
                ask(ctx);
            }
        }

        private void count() {
            if (!counted) {
                counted = true;
                all.opening.countDown();
            }
        }

        /** It never was open. */
        private void fail() {
            all.errors++;
            count();
            closed.countDown();
        }

        @Override
        public final void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public final void channelActive(ChannelHandlerContext ctx) {
            due = System.nanoTime();
            greet(ctx);
        }

        @Override
        public final void channelInactive(ChannelHandlerContext ctx) {
            all.errors += faults() + (ends ? 0 : 1);
            count();
            closed.countDown();
        }

        @Override
        public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
