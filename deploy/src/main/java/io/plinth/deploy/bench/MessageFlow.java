package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Promise;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.FrameWriter;
import io.plinth.mqbroker.wire.Method;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the event loop. The messages of one queue: published, confirmed where they are durable, and consumed, so many of them on
 * their way at once. Each carries the time it was due.
 */
final class MessageFlow {
    private static final int WINDOW = 1000;
    /** A power of two above every window and what a broker may be behind a rate. */
    private static final int REMEMBERED = 1 << 20;

    private static final int BATCH = 64;
    private static final int ACK_EVERY = 100;
    private static final long TICK_MICROS = 1000;
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);

    private final BrokerLoad.Kind kind;
    private final Histogram latency;
    /** One message with all its frames. */
    private final ByteBuf template;

    private final int timeAt;
    /** When each unconfirmed message was due, by its number; 0 where there is none. */
    private final long[] due = new long[REMEMBERED];

    private @Nullable AmqpConnection publisher;
    private @Nullable AmqpConnection consumer;
    private long published;
    private long confirmed;
    /** All below it are confirmed. */
    private long unconfirmed = 1;

    private long delivered;
    private long acked;
    private long lastTag;
    private long endsAt;
    private long gapNanos;
    private long nextDue;
    /** 0 for as many as there is time for. */
    private long count;

    private boolean over;
    private @Nullable Promise<Void> end;

    MessageFlow(BrokerLoad.Kind kind, String queue, Histogram latency) {
        this.kind = kind;
        this.latency = latency;
        byte[] properties = kind.durable() ? new byte[] {0x10, 0, 2} : new byte[] {0, 0};
        this.template = io.netty.buffer.Unpooled.buffer();
        FrameWriter.method(template, 1, new BasicMethod.Publish(0, "", queue, false, false));
        FrameWriter.content(template, 1, properties, new byte[kind.body], 131_072);
        this.timeAt = template.readableBytes() - 1 - kind.body;
    }

    void publishTo(AmqpConnection connection) {
        publisher = connection;
        connection.listener(new AmqpConnection.Listener() {
            @Override
            public void confirmed(long tag, boolean multiple) {
                MessageFlow.this.confirmed(tag, multiple);
            }

            @Override
            public void failed(Throwable why) {
                fail(why);
            }

            @Override
            public void readComplete() {
                go();
            }
        });
    }

    void consumeFrom(AmqpConnection connection, Method consume) {
        consumer = connection;
        connection.listener(new AmqpConnection.Listener() {
            @Override
            public void delivered(long tag, long sentAt) {
                delivered++;
                lastTag = tag;
                if (!kind.durable()) {
                    record(sentAt);
                }
            }

            @Override
            public void failed(Throwable why) {
                fail(why);
            }

            @Override
            public void readComplete() {
                if (kind.durable() && delivered - acked >= ACK_EVERY) {
                    acknowledge();
                }
                go();
            }
        });
        connection.ask(consume);
    }

    /** Goes on for {@code nanos} or, where {@code most} is not 0, until so many messages are done. */
    void begin(long now, long nanos, long rate, long most, Promise<Void> ended) {
        count = most;
        endsAt = now + nanos;
        gapNanos = rate == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / rate;
        nextDue = now;
        end = ended;
        context().executor().scheduleAtFixedRate(this::go, 0, TICK_MICROS, TimeUnit.MICROSECONDS);
    }

    private ChannelHandlerContext context() {
        AmqpConnection any = publisher == null ? consumer : publisher;
        if (any == null) {
            throw new IllegalStateException("flow: no connection (expected: one)");
        }
        return any.context();
    }

    private void confirmed(long tag, boolean multiple) {
        for (long each = multiple ? unconfirmed : tag; each <= tag; each++) {
            int at = (int) each & REMEMBERED - 1;
            if (due[at] != 0) {
                record(due[at]);
                due[at] = 0;
                confirmed++;
            }
        }
        if (multiple) {
            unconfirmed = tag + 1;
        }
    }

    private void record(long since) {
        latency.recordValue(Math.clamp((System.nanoTime() - since) / 1000, 0, LONGEST_MICROS));
    }

    /** Messages done with. */
    long done() {
        return consumer == null ? confirmed : delivered;
    }

    /** Messages published that did not come, and confirms. */
    long missing() {
        if (publisher == null) {
            return count - delivered;
        }
        return published - Math.min(done(), kind.durable() ? confirmed : published);
    }

    private void fail(Throwable why) {
        Promise<Void> ended = end;
        if (ended != null) {
            ended.tryFailure(why);
        }
    }

    private void go() {
        Promise<Void> ended = end;
        if (over || ended == null) {
            return;
        }
        long now = System.nanoTime();
        boolean last = count > 0 ? (publisher == null ? delivered : published) >= count : now - endsAt >= 0;
        if (last) {
            if (missing() == 0) {
                over = true;
                if (consumer != null && kind.durable()) {
                    acknowledge();
                }
                ended.trySuccess(null);
            }
        } else if (publisher != null) {
            publish(publisher.context(), now);
        }
    }

    private void publish(ChannelHandlerContext ctx, long now) {
        long room = gapNanos > 0
                ? Math.min(REMEMBERED - missing(), Math.max(0, (now - nextDue) / gapNanos))
                : WINDOW - missing();
        if (count > 0) {
            room = Math.min(room, count - published);
        }
        // Few large writes: what is measured is the broker.
        if (gapNanos == 0 && room < BATCH && published + room != count && published > 0 && missing() > 0) {
            return;
        }
        while (room > 0 && ctx.channel().isWritable()) {
            int some = (int) Math.min(room, BATCH);
            ByteBuf out = ctx.alloc().directBuffer(some * template.readableBytes());
            for (int i = 0; i < some; i++) {
                long at = gapNanos > 0 ? nextDue : now;
                nextDue += gapNanos;
                published++;
                due[(int) published & REMEMBERED - 1] = at;
                int start = out.writerIndex();
                out.writeBytes(template, template.readerIndex(), template.readableBytes());
                out.setLong(start + timeAt, at);
            }
            ctx.write(out, ctx.voidPromise());
            room -= some;
        }
        ctx.flush();
    }

    private void acknowledge() {
        AmqpConnection to = consumer;
        if (to == null || acked == delivered) {
            return;
        }
        ChannelHandlerContext ctx = to.context();
        ByteBuf out = ctx.alloc().directBuffer(32);
        FrameWriter.method(out, 1, new BasicMethod.Ack(lastTag, true));
        ctx.writeAndFlush(out, ctx.voidPromise());
        acked = delivered;
    }
}
