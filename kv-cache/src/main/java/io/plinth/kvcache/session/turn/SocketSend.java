package io.plinth.kvcache.session.turn;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import io.netty.handler.ssl.SslHandler;
import io.plinth.kvcache.wire.ReplyBuffers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its connection's event loop: gives replies to the socket at once where none wait before them, which spares the way
 * through the channel's queue. What the socket does not take, and all of other transports and with TLS, goes that way.
 */
public final class SocketSend {
    /** How long a client that is to be closed may take nothing of what is left. */
    private static final int LAST_WORDS_MILLIS = 2_000;
    /** A socket that the transport cannot tell of is tried again after so long. */
    private static final int RETRY_MILLIS = 5;
    /** Who is to be closed and takes a long reply is looked at as often. */
    private static final int LOOK_MILLIS = 20;

    private static final int LOOKS = LAST_WORDS_MILLIS / LOOK_MILLIS;
    /** Of a long reply so much is sent before others' commands run, however fast its client is. */
    private static final int AT_ONCE = 1 << 20;

    private final Channel channel;
    private final ReplyBuffers buffers;
    private final LoopTraffic traffic;
    private final @Nullable Socket socket;
    private final @Nullable ChannelHandlerContext tls;
    private final LongReplies waiting = new LongReplies();
    private boolean handing;
    /** Bytes of values that were handed on and may still wait in the channel's queue. */
    private long values;
    /** Bytes of values that were ever handed on. */
    private long handed;
    /** The client sends no more. */
    private boolean inputOver;

    /** {@code loop}: the connection's, whose buffers replies may lie in, and which counts what is sent. */
    public SocketSend(Channel channel, LoopShare loop) {
        this.channel = channel;
        this.buffers = loop.replies();
        this.traffic = loop.traffic();
        this.tls = channel.pipeline().context(SslHandler.class);
        this.socket = tls == null && channel instanceof EpollSocketChannel epoll && epoll.fd() instanceof Socket own
                ? own
                : null;
    }

    /** Sends what the handler of this context wrote; answers whether the socket took all of it. */
    public boolean send(ChannelHandlerContext ctx, ReplyWriter out, long nowMillis) {
        List<ReplyWriter.Insertion> inserted = out.insertions();
        ByteBuf reply = out.take();
        if (reply == null) {
            return true;
        }
        if (inserted.isEmpty() && waiting.isEmpty() && !straight()) {
            return send(ctx, reply, nowMillis);
        }
        int length = reply.readableBytes();
        for (ReplyWriter.Insertion each : inserted) {
            length += Math.min(each.value().length(), Integer.MAX_VALUE - length);
        }
        traffic.wrote(length, nowMillis);
        waiting.add(buffers.kept(reply, ctx.alloc()), inserted);
        return hand(ctx);
    }

    /** Hands on what waits, as far as the client takes it; answers whether nothing is left. */
    public boolean hand(ChannelHandlerContext ctx) {
        if (!handing) {
            handing = true;
            int done = 0;
            boolean taken = true;
            while (taken && !waiting.isEmpty() && ctx.channel().isWritable() && done < AT_ONCE) {
                int some = straight() ? straight(ctx) : piece(ctx);
                taken = some >= 0;
                done += some;
            }
            handing = false;
            if (!waiting.isEmpty() && ctx.channel().isWritable()) {
                // As when the client has taken what waited: who hears of that goes on. By the clock, so that what
                // others sent comes first: a task of now would run before that is looked for, again and again.
                ctx.channel()
                        .eventLoop()
                        .schedule(
                                ctx.pipeline()::fireChannelWritabilityChanged,
                                taken ? 0 : RETRY_MILLIS,
                                TimeUnit.MILLISECONDS);
            }
        }
        return waiting.isEmpty();
    }

    /**
     * Whether replies go past the channel's queue. Netty 4.2.18 takes a socket whose input is over, and that has nothing in the queue, out of
     * epoll's set, and fails to put it back when the queue waits for it, which ends the connection.
     */
    private boolean straight() {
        return inputOver && socket != null;
    }

    /** Sends the next piece straight; answers how much the socket took, -1 where it takes no more for now. */
    private int straight(ChannelHandlerContext ctx) {
        Socket direct = socket;
        ByteBuf next = direct != null && direct.isOpen() && nothingWaits() ? waiting.next(ctx.alloc()) : null;
        if (direct == null || next == null) {
            return -1;
        }
        int length = next.readableBytes();
        try {
            int sent = Math.max(0, direct.sendAddress(next.memoryAddress(), next.readerIndex(), next.writerIndex()));
            handed += sent;
            if (sent < length) {
                waiting.back(next.skipBytes(sent).retain());
                return -1;
            }
            return length;
        } catch (IOException e) {
            ctx.pipeline().fireExceptionCaught(e);
            return -1;
        } finally {
            next.release();
        }
    }

    /** Whether the client sends no more. */
    public boolean inputOver() {
        return inputOver;
    }

    /** It sends no more. */
    public void inputEnds() {
        inputOver = true;
    }

    private int piece(ChannelHandlerContext ctx) {
        boolean value = waiting.isValueNext();
        ByteBuf next = waiting.next(ctx.alloc());
        if (next == null) {
            return 0;
        }
        int length = next.readableBytes();
        if (value) {
            values = Math.min(values, unsent()) + length;
            handed += length;
        }
        ctx.writeAndFlush(next, ctx.voidPromise());
        return length;
    }

    /** Whether the client takes what it is sent. */
    public boolean takes() {
        return waiting.isEmpty() && channel.isWritable();
    }

    /** The connection is over. */
    public void release() {
        waiting.release();
    }

    /** Sends, and releases, what the handler of this context replies; it hears of a failure. Answers whether the socket took all of it. */
    public boolean send(ChannelHandlerContext ctx, ByteBuf reply, long nowMillis) {
        traffic.wrote(reply.readableBytes(), nowMillis);
        if (straight()) {
            waiting.add(buffers.kept(reply, ctx.alloc()), List.of());
            return hand(ctx);
        }
        Socket direct = socket;
        if (direct != null && direct.isOpen() && nothingWaits() && reply.hasMemoryAddress()) {
            int sent;
            try {
                sent = direct.sendAddress(reply.memoryAddress(), reply.readerIndex(), reply.writerIndex());
            } catch (IOException e) {
                buffers.give(reply);
                ctx.pipeline().fireExceptionCaught(e);
                return true;
            }
            if (sent == reply.readableBytes()) {
                buffers.give(reply);
                return true;
            }
            reply.skipBytes(Math.max(0, sent));
        }
        ctx.writeAndFlush(reply, ctx.voidPromise());
        return nothingWaits();
    }

    /** Where short replies are to be written to, which so come back when they are sent; null where they would not. */
    public @Nullable ReplyBuffers buffers() {
        return socket == null ? null : buffers;
    }

    /** Sends what is left, if anything, and closes the connection when the client has it, or soon. */
    public void last(ChannelHandlerContext ctx, ReplyWriter out, long nowMillis) {
        if (waiting.isEmpty() && !out.inserts() && !straight()) {
            last(ctx, out.take(), nowMillis);
            return;
        }
        send(ctx, out, nowMillis);
        lastOf(ctx, LOOKS, moved());
    }

    /** Closes when nothing waits any more, or when the client took nothing for so many looks. */
    private void lastOf(ChannelHandlerContext ctx, int looks, long before) {
        if (hand(ctx) || looks == 0) {
            last(ctx);
            return;
        }
        long now = moved();
        ctx.channel()
                .eventLoop()
                .schedule(
                        () -> lastOf(ctx, now == before ? looks - 1 : LOOKS, now), LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Sends what is left, if anything, and closes the connection when the client has it, or takes nothing any more. */
    public void last(ChannelHandlerContext ctx, @Nullable ByteBuf reply, long nowMillis) {
        if (reply != null && straight()) {
            send(ctx, reply, nowMillis);
        } else if (reply != null) {
            traffic.wrote(reply.readableBytes(), nowMillis);
            ctx.writeAndFlush(reply, ctx.voidPromise());
        }
        if (waiting.isEmpty()) {
            last(ctx);
        } else {
            lastOf(ctx, LOOKS, moved());
        }
    }

    private void last(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
        if (ctx.channel().isOpen()) {
            lookAgain(ctx, moved());
        }
    }

    private void lookAgain(ChannelHandlerContext ctx, long before) {
        ctx.channel()
                .eventLoop()
                .schedule(
                        () -> {
                            long now = moved();
                            if (now == before) {
                                ctx.close();
                            } else if (ctx.channel().isOpen()) {
                                lookAgain(ctx, now);
                            }
                        },
                        LAST_WORDS_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private boolean nothingWaits() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue != null && queue.totalPendingWriteBytes() == 0;
    }

    /** Whether what is sent is encrypted on its way. */
    public boolean secure() {
        return tls != null;
    }

    private long unsent() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.totalPendingWriteBytes();
    }

    /** Bytes of replies that wait in buffers; pieces of values, of which there are never more than a few, not counted. From any thread, as it stands. */
    public long pending() {
        return Math.max(0, unsent() - values) + waiting.written();
    }

    /** Another number when the client has taken something, or has been given something. On its loop. */
    public long moved() {
        return handed + unsent() + waiting.written();
    }

    /** What CLIENT LIST shows; {@code undecoded} bytes lie in an array of {@code held}. From any thread, as it stands. */
    public ConnectionFacts facts(int undecoded, int held) {
        int descriptor = channel instanceof UnixChannel unix ? unix.fd().intValue() : -1;
        int room = Math.max(0, held - undecoded);
        boolean reads = channel.config().isAutoRead();
        return new ConnectionFacts(descriptor, undecoded, room, queued(), unsent() + waiting.written(), reads);
    }

    private int queued() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.size();
    }

    /** Closes at once: what waits is lost, and TLS says no farewell, which would wait behind it. From any thread. */
    public void abort() {
        if (tls == null) {
            channel.close();
        } else {
            tls.close();
        }
    }
}
