package io.plinth.geodns.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.plinth.geodns.answer.Responder;
import io.plinth.kit.net.ProxyProtocol;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the connection's event loop: queries with two octets of length before each (RFC 1035 section 4.2.2), answered
 * in order as they come (RFC 7766 section 6.2.1.1). A client that does not take its answers is not read from.
 */
final class TcpHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TcpHandler.class);
    private static final int PREFIX = 2;
    private static final int LARGEST_MESSAGE = 65_535;
    private static final byte[] UNKNOWN = {};
    private static final byte[] NOBODY = new byte[4];

    /** What one message at a time is read from and written to. */
    record Room(byte[] in, byte[] out) {
        Room() {
            this(new byte[LARGEST_MESSAGE], new byte[Responder.OUT]);
        }
    }

    private final Responder responder;
    private final TcpLimits limits;
    private final LongSupplier nanoTime;
    private final Predicate<InetAddress> admission;
    private byte[] source = UNKNOWN;
    private final byte[] in;
    private final byte[] out;
    private ByteBuf pending = Unpooled.EMPTY_BUFFER;
    private long lastQueryNanos;
    private @Nullable Future<?> idleCheck;

    /**
     * A handler that has its room from {@code room}, as all of a loop have.
     *
     * @param admission whether the client may have one more connection, asked once it is known
     */
    TcpHandler(
            Responder responder, Room room, TcpLimits limits, LongSupplier nanoTime, Predicate<InetAddress> admission) {
        this.responder = responder;
        this.in = room.in();
        this.out = room.out();
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.admission = admission;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        lastQueryNanos = nanoTime.getAsLong();
        checkIdleIn(ctx, limits.idleNanos());
        ctx.fireChannelActive();
    }

    private void checkIdleIn(ChannelHandlerContext ctx, long nanos) {
        idleCheck = ctx.executor().schedule(() -> checkIdle(ctx), nanos, TimeUnit.NANOSECONDS);
    }

    /** Only a whole query counts as a sign of life, so octets that trickle in keep nothing open. */
    private void checkIdle(ChannelHandlerContext ctx) {
        long left = limits.idleNanos() - (nanoTime.getAsLong() - lastQueryNanos);
        if (left <= 0) {
            ctx.close();
        } else {
            checkIdleIn(ctx, left);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf more) {
            pending = ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), pending, more);
            answerPending(ctx);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void answerPending(ChannelHandlerContext ctx) {
        while (pending.readableBytes() >= PREFIX && ctx.channel().isActive()) {
            int length = pending.getUnsignedShort(pending.readerIndex());
            if (length > limits.querySize()) {
                LOG.debug(
                        "tcp query of {} octets (expected: at most {}) - {}",
                        length,
                        limits.querySize(),
                        ctx.channel());
                end(ctx);
                return;
            }
            if (pending.readableBytes() < PREFIX + length) {
                break;
            }
            if (!isWritable(ctx)) {
                ctx.channel().config().setAutoRead(false);
                return;
            }
            if (source.length == 0 && !enter(ctx)) {
                ctx.close();
                return;
            }
            pending.getBytes(pending.readerIndex() + PREFIX, in, 0, length);
            pending.skipBytes(PREFIX + length);
            lastQueryNanos = nanoTime.getAsLong();
            int written = responder.message(in, 0, length, source, out);
            if (written == 0) {
                // Nothing that is no query has a place on a connection to a server.
                end(ctx);
                return;
            }
            ByteBuf response = ctx.alloc().directBuffer(PREFIX + written);
            response.writeShort(written).writeBytes(out, 0, written);
            ctx.write(response, ctx.voidPromise());
        }
        if (!pending.isReadable()) {
            release();
        }
    }

    /** Behind the answers that are written. */
    private static void end(ChannelHandlerContext ctx) {
        ctx.flush();
        ctx.close();
    }

    /** Who is there is known with the first query: a PROXY header may have come before it. */
    private boolean enter(ChannelHandlerContext ctx) {
        if (!(ctx.channel().remoteAddress() instanceof InetSocketAddress)) {
            source = NOBODY;
            return true;
        }
        InetAddress client = ProxyProtocol.remote(ctx.channel()).getAddress();
        source = client.getAddress();
        return admission.test(client);
    }

    private static boolean isWritable(ChannelHandlerContext ctx) {
        if (!ctx.channel().isWritable()) {
            ctx.flush();
        }
        return ctx.channel().isWritable();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable() && !ctx.channel().config().isAutoRead()) {
            // Not from within the flush that brought this.
            ctx.executor().execute(() -> resume(ctx));
        }
        ctx.fireChannelWritabilityChanged();
    }

    private void resume(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive() && ctx.channel().isWritable()) {
            ctx.channel().config().setAutoRead(true);
            answerPending(ctx);
            ctx.flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        release();
        if (idleCheck != null) {
            idleCheck.cancel(false);
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        release();
    }

    private void release() {
        ByteBuf done = pending;
        pending = Unpooled.EMPTY_BUFFER;
        done.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("tcp - channel={}", ctx.channel(), cause);
        ctx.close();
    }
}
