package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * Loads a cache, in a process of its own, as {@link Clients} does: so many connections, each with so many requests on their way at
 * once. Without a rate each asks again as soon as it is answered.
 *
 * <p>Arguments: port, kind, connections, pipeline, seconds (0: go through all keys once), keys, requests a second (0: as fast as
 * answered). Prints {@code RESULT microseconds requests p50 p99 errors}.
 */
public final class CacheLoad {
    private CacheLoad() {}

    public static void main(String[] arguments) throws InterruptedException {
        CacheRequests.Kind kind = CacheRequests.Kind.of(arguments[1]);
        int pipeline = Integer.parseInt(arguments[3]);
        int seconds = Integer.parseInt(arguments[4]);
        long rate = Long.parseLong(arguments[6]);
        CacheRequests requests = new CacheRequests(kind, Integer.parseInt(arguments[5]), new SplittableRandom(42));
        Clients clients = new Clients(
                Integer.parseInt(arguments[2]), rate == 0 ? 0 : Math.max(1, rate / pipeline), Clients.Unpaced.AGAIN);
        System.out.println(clients.run(
                Integer.parseInt(arguments[0]),
                Clients.LEAD,
                Duration.ofSeconds(seconds),
                all -> new Asking(all, requests, kind.memcached(), pipeline, seconds == 0)));
    }

    /** Owned by the event loop. One connection with its batch of requests. */
    private static final class Asking extends Clients.Client {
        private final CacheRequests requests;
        private final CacheReplies replies;
        private final int pipeline;
        private final boolean filling;
        private int open;

        Asking(Clients all, CacheRequests requests, boolean memcached, int pipeline, boolean filling) {
            super(all);
            this.requests = requests;
            this.replies = new CacheReplies(memcached);
            this.pipeline = pipeline;
            this.filling = filling;
        }

        @Override
        boolean isOver() {
            return filling ? requests.allWritten() : super.isOver();
        }

        @Override
        void ask(ChannelHandlerContext ctx) {
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
            open -= whole;
            if (whole > 0) {
                answered(ctx, whole, open == 0);
            }
        }

        @Override
        long faults() {
            return replies.errors() + open;
        }
    }
}
