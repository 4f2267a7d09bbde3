package io.plinth.kvcache.session.turn;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import io.netty.handler.ssl.SslHandler;
import io.plinth.kvcache.wire.ReplyBuffers;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its connection's event loop: gives replies to the socket at once where none wait before them, which spares the way
 * through the channel's queue. What the socket does not take, and all of other transports and with TLS, goes that way.
 */
public final class SocketSend {
    private final Channel channel;
    private final ReplyBuffers buffers;
    private final @Nullable Socket socket;
    private final @Nullable ChannelHandlerContext tls;

    /** {@code buffers}: its loop's, which replies may lie in. */
    public SocketSend(Channel channel, ReplyBuffers buffers) {
        this.channel = channel;
        this.buffers = buffers;
        this.tls = channel.pipeline().context(SslHandler.class);
        this.socket = tls == null && channel instanceof EpollSocketChannel epoll && epoll.fd() instanceof Socket own
                ? own
                : null;
    }

    /** Sends, and releases, what the handler of this context replies; it hears of a failure. */
    public void send(ChannelHandlerContext ctx, ByteBuf reply) {
        Socket direct = socket;
        if (direct != null && direct.isOpen() && nothingWaits() && reply.hasMemoryAddress()) {
            int sent;
            try {
                sent = direct.sendAddress(reply.memoryAddress(), reply.readerIndex(), reply.writerIndex());
            } catch (IOException e) {
                buffers.give(reply);
                ctx.pipeline().fireExceptionCaught(e);
                return;
            }
            if (sent == reply.readableBytes()) {
                buffers.give(reply);
                return;
            }
            reply.skipBytes(Math.max(0, sent));
        }
        ctx.writeAndFlush(reply, ctx.voidPromise());
    }

    /** Where short replies are to be written to, which so come back when they are sent; null where they would not. */
    public @Nullable ReplyBuffers buffers() {
        return socket == null ? null : buffers;
    }

    private boolean nothingWaits() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue != null && queue.totalPendingWriteBytes() == 0;
    }

    /** Whether what is sent is encrypted on its way. */
    public boolean secure() {
        return tls != null;
    }

    /** Bytes handed over and not sent. */
    public long pending() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        return queue == null ? 0 : queue.totalPendingWriteBytes();
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
