package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Sends what {@code pgbench -S} sends over kept connections at a rate, in a process of its own, as {@link Clients} does. With a rate
 * of 0 each connection asks once and then stays, idle.
 *
 * <p>Arguments: port, database, connections, seconds, queries a second, accounts. Prints {@code RESULT microseconds queries p50 p99
 * errors}.
 */
public final class PgLoad {
    private static final int VERSION = 3 << 16;
    private static final int HEADER = 5;

    private PgLoad() {}

    public static void main(String[] arguments) throws InterruptedException {
        int accounts = Integer.parseInt(arguments[5]);
        RandomGenerator random = new SplittableRandom(1);
        Clients clients =
                new Clients(Integer.parseInt(arguments[2]), Long.parseLong(arguments[4]), Clients.Unpaced.STAY);
        System.out.println(clients.run(
                Integer.parseInt(arguments[0]),
                Clients.LEAD,
                Duration.ofSeconds(Integer.parseInt(arguments[3])),
                all -> new Asking(all, arguments[1], accounts, random)));
    }

    /** Owned by the event loop. One connection. */
    private static final class Asking extends Clients.Client {
        private final String database;
        private final int accounts;
        private final RandomGenerator random;
        private boolean loggedIn;
        private int faults;
        /** How much of a message's type and length was read, the type, and how much of the message is still to come. */
        private int header;

        private byte type;
        private int left;

        Asking(Clients all, String database, int accounts, RandomGenerator random) {
            super(all);
            this.database = database;
            this.accounts = accounts;
            this.random = random;
        }

        @Override
        void greet(ChannelHandlerContext ctx) {
            String parameters = "user\0postgres\0database\0" + database + "\0\0";
            ByteBuf out = ctx.alloc().buffer();
            out.writeInt(8 + parameters.length()).writeInt(VERSION);
            out.writeCharSequence(parameters, StandardCharsets.US_ASCII);
            ctx.writeAndFlush(out, ctx.voidPromise());
        }

        @Override
        void ask(ChannelHandlerContext ctx) {
            String sql = "SELECT abalance FROM pgbench_accounts WHERE aid = " + (1 + random.nextInt(accounts)) + ";";
            ByteBuf out = ctx.alloc().buffer(sql.length() + 6);
            out.writeByte('Q').writeInt(sql.length() + 5);
            out.writeCharSequence(sql, StandardCharsets.US_ASCII);
            ctx.writeAndFlush(out.writeByte(0), ctx.voidPromise());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            while (in.isReadable()) {
                if (header < HEADER) {
                    byte next = in.readByte();
                    if (header == 0) {
                        type = next;
                        left = 0;
                    } else {
                        left = left << 8 | (next & 0xff);
                    }
                    header++;
                    // The length counts itself.
                    left -= header == HEADER ? 4 : 0;
                } else {
                    int part = Math.min(left, in.readableBytes());
                    in.skipBytes(part);
                    left -= part;
                }
                if (header == HEADER && left == 0) {
                    header = 0;
                    whole(ctx);
                }
            }
            in.release();
        }

        private void whole(ChannelHandlerContext ctx) {
            if (type == 'E') {
                faults++;
                ctx.close();
            } else if (type == 'Z' && !loggedIn) {
                loggedIn = true;
                ready(ctx);
            } else if (type == 'Z') {
                answered(ctx, 1, true);
            }
        }

        @Override
        long faults() {
            return faults;
        }
    }
}
