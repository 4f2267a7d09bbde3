package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Promise;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FrameDecoder;
import io.plinth.mqbroker.wire.FrameWriter;
import io.plinth.mqbroker.wire.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its event loop. The client's end of one AMQP 0-9-1 connection with one channel: logs in, sends what it is told to set up, one
 * method after the other, then hands on deliveries and confirms, reading no more of them than it must.
 */
final class AmqpConnection extends ByteToMessageDecoder {
    /** Who hears what arrives; called on the event loop. */
    interface Listener {
        /** A message is here. */
        default void delivered(long tag, long sentAt) {}

        /** The broker has taken a message, or with {@code multiple} all up to it. */
        default void confirmed(long tag, boolean multiple) {}

        /** The connection is gone, though nobody asked for it. */
        default void failed(Throwable why) {}

        /** All that one read brought has been handed on. */
        default void readComplete() {}
    }

    private static final int FRAME_MAX = 131_072;
    private static final int CHANNEL = 1;
    private static final byte METHOD = 1;
    private static final byte HEADER = 2;
    private static final byte BODY = 3;

    private static final int START = 10 << 16 | 10;
    private static final int TUNE = 10 << 16 | 30;
    private static final int OPEN_OK = 10 << 16 | 41;
    private static final int CLOSE = 10 << 16 | 50;
    private static final int CLOSE_OK = 10 << 16 | 51;
    private static final int BLOCKED = 10 << 16 | 60;
    private static final int UNBLOCKED = 10 << 16 | 61;
    private static final int CHANNEL_CLOSE = 20 << 16 | 40;
    private static final int DELIVER = 60 << 16 | 60;
    private static final int ACK = 60 << 16 | 80;
    private static final int NACK = 60 << 16 | 120;

    private final Deque<Method> setup;
    private final int heartbeat;
    private final Promise<AmqpConnection> ready;
    private @Nullable ChannelHandlerContext context;
    private Listener listener = new Listener() {};
    private volatile boolean closing;
    private long tag;
    private long bodyLeft = -1;
    private long sentAt;

    /** {@code ready} hears when the last answer to {@code setup} is here, or of any error. */
    AmqpConnection(Collection<Method> setup, int heartbeat, Promise<AmqpConnection> ready) {
        this.setup = new ArrayDeque<>(setup);
        this.heartbeat = heartbeat;
        this.ready = ready;
    }

    void listener(Listener value) {
        listener = value;
    }

    /** Sends a method from the connection's loop, behind what was set before. */
    void ask(Method method) {
        ChannelHandlerContext ctx = context();
        ctx.executor().execute(() -> send(ctx, CHANNEL, method));
    }

    ChannelHandlerContext context() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("connection: not open yet");
        }
        return ctx;
    }

    /** Says goodbye; the broker has handled all that was sent before when the connection is closed. */
    void close() {
        closing = true;
        send(context(), 0, new ConnectionMethod.Close(200, "done", 0, 0));
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context = ctx;
        ctx.writeAndFlush(ctx.alloc().buffer(8).writeBytes(FrameDecoder.preamble()));
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        // | type 1 | channel 2 | size 4 | payload | end 1 |
        while (in.readableBytes() >= 8) {
            int start = in.readerIndex();
            int size = in.getInt(start + 3);
            if (in.readableBytes() < size + 8) {
                return;
            }
            switch (in.getByte(start)) {
                case METHOD -> method(ctx, in, start + 7);
                case HEADER -> bodyLeft = in.getLong(start + 11);
                case BODY -> body(in, start + 7, size);
                default -> {
                    // A heartbeat.
                }
            }
            if (bodyLeft == 0) {
                bodyLeft = -1;
                listener.delivered(tag, sentAt);
            }
            in.readerIndex(start + size + 8);
        }
    }

    private void body(ByteBuf in, int at, int size) {
        if (size >= Long.BYTES) {
            sentAt = in.getLong(at);
        }
        bodyLeft -= size;
    }

    private void method(ChannelHandlerContext ctx, ByteBuf in, int at) {
        int id = in.getInt(at);
        switch (id) {
            case DELIVER -> tag = in.getLong(at + 5 + in.getUnsignedByte(at + 4));
            case ACK -> listener.confirmed(in.getLong(at + 4), in.getByte(at + 12) != 0);
            case START ->
                send(
                        ctx,
                        0,
                        new ConnectionMethod.StartOk(
                                FieldTable.EMPTY,
                                "PLAIN",
                                "\0guest\0guest".getBytes(StandardCharsets.US_ASCII),
                                "en_US"));
            case TUNE -> {
                send(ctx, 0, new ConnectionMethod.TuneOk(2047, FRAME_MAX, heartbeat));
                send(ctx, 0, new ConnectionMethod.Open("/", "", false));
            }
            case OPEN_OK -> send(ctx, CHANNEL, new ChannelMethod.Open(""));
            case CLOSE_OK -> ctx.close();
            case CLOSE, CHANNEL_CLOSE, NACK -> fail(ctx, text(id, in, at));
            case BLOCKED, UNBLOCKED -> {
                // It stops reading by itself.
            }
            default -> next(ctx);
        }
    }

    private static String text(int id, ByteBuf in, int at) {
        return id == NACK
                ? "a message was refused (basic.nack)"
                : in.getUnsignedShort(at + 4) + " "
                        + in.toString(at + 7, in.getUnsignedByte(at + 6), StandardCharsets.UTF_8);
    }

    /** What was sent is answered. */
    private void next(ChannelHandlerContext ctx) {
        Method method = setup.poll();
        if (method == null) {
            ready.trySuccess(this);
        } else {
            send(ctx, CHANNEL, method);
        }
    }

    private static void send(ChannelHandlerContext ctx, int channel, Method method) {
        ByteBuf out = ctx.alloc().directBuffer(256);
        FrameWriter.method(out, channel, method);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    private void fail(ChannelHandlerContext ctx, String why) {
        IllegalStateException failure = new IllegalStateException("the broker's answer: " + why);
        ready.tryFailure(failure);
        listener.failed(failure);
        ctx.close();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        listener.readComplete();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!closing) {
            fail(ctx, "it closed the connection");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(ctx, cause.toString());
    }
}
