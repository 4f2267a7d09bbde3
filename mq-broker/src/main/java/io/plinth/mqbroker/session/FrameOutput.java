package io.plinth.mqbroker.session;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.wire.FrameWriter;
import io.plinth.mqbroker.wire.Method;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. Gathers what one turn writes into few buffers and one flush. */
final class FrameOutput {
    private static final int FIRST_SIZE = 1024;
    private static final int PASS_ON = 64 << 10;

    private final ChannelHandlerContext ctx;
    private @Nullable ByteBuf buffer;
    private boolean unflushed;
    private boolean gone;
    private long sent;

    FrameOutput(ChannelHandlerContext ctx) {
        this.ctx = ctx;
    }

    void method(int channel, Method method) {
        if (gone) {
            return;
        }
        FrameWriter.method(buffer(), channel, method);
        passOn();
    }

    void content(int channel, Method method, byte[] properties, byte[] body, int frameMax) {
        if (gone) {
            return;
        }
        ByteBuf out = buffer();
        FrameWriter.method(out, channel, method);
        out.ensureWritable(FrameWriter.contentSize(properties, body, frameMax));
        FrameWriter.content(out, channel, properties, body, frameMax);
        passOn();
    }

    void delivery(int channel, long tag, ShardEvent.Delivered event, int frameMax) {
        if (gone) {
            return;
        }
        ByteBuf out = buffer();
        Content content = event.content();
        FrameWriter.deliver(
                out, channel, event.consumerTag(), tag, event.redelivered(), content.exchange(), content.routingKey());
        out.ensureWritable(FrameWriter.contentSize(content.properties(), content.body(), frameMax));
        FrameWriter.content(out, channel, content.properties(), content.body(), frameMax);
        passOn();
    }

    void heartbeat() {
        if (!gone) {
            FrameWriter.heartbeat(buffer());
        }
    }

    private ByteBuf buffer() {
        ByteBuf out = buffer;
        if (out == null) {
            out = ctx.alloc().buffer(FIRST_SIZE);
            buffer = out;
        }
        return out;
    }

    private void passOn() {
        ByteBuf out = buffer;
        if (out != null && out.readableBytes() >= PASS_ON) {
            buffer = null;
            unflushed = true;
            sent += out.readableBytes();
            ctx.write(out, ctx.voidPromise());
        }
    }

    /** Sends everything; true when there was something. */
    boolean flush() {
        ByteBuf out = buffer;
        buffer = null;
        if (out != null) {
            sent += out.readableBytes();
            ctx.writeAndFlush(out, ctx.voidPromise());
        } else if (unflushed) {
            ctx.flush();
        }
        boolean sent = out != null || unflushed;
        unflushed = false;
        return sent;
    }

    /** Octets handed to the socket so far. */
    long sent() {
        return sent;
    }

    /** Drops what was not sent, and what comes. */
    void discard() {
        gone = true;
        if (buffer != null) {
            buffer.release();
            buffer = null;
        }
    }
}
