package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Sends GETs over kept connections at a rate, in a process of its own, as {@link Clients} does. With a rate of 0 each connection asks
 * once and then stays open, idle.
 *
 * <p>Arguments: port, path, connections, seconds, requests a second. Prints {@code RESULT microseconds requests p50 p99 errors}.
 */
public final class HttpLoad {
    private HttpLoad() {}

    public static void main(String[] arguments) throws InterruptedException {
        String text = "GET " + arguments[1] + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        ByteBuf request = Unpooled.unreleasableBuffer(
                Unpooled.directBuffer(text.length()).writeBytes(text.getBytes(StandardCharsets.US_ASCII)));
        Clients clients =
                new Clients(Integer.parseInt(arguments[2]), Long.parseLong(arguments[4]), Clients.Unpaced.STAY);
        System.out.println(clients.run(
                Integer.parseInt(arguments[0]),
                Clients.LEAD,
                Duration.ofSeconds(Integer.parseInt(arguments[3])),
                all -> new Asking(all, request)));
    }

    /** Owned by the event loop. One connection. */
    private static final class Asking extends Clients.Client {
        private final ByteBuf request;
        private final HttpResponses responses = new HttpResponses();
        private boolean waiting;
        private int faults;

        Asking(Clients all, ByteBuf request) {
            super(all);
            this.request = request;
        }

        @Override
        void ask(ChannelHandlerContext ctx) {
            waiting = true;
            ctx.writeAndFlush(request.duplicate(), ctx.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            int whole = responses.read(in);
            in.release();
            if (whole == 1 && waiting) {
                waiting = false;
                answered(ctx, 1, true);
            } else if (whole != 0) {
                faults++;
                ctx.close();
            }
        }

        @Override
        long faults() {
            return faults;
        }
    }
}
