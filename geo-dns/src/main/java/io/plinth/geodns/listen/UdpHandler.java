package io.plinth.geodns.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.plinth.geodns.answer.QueryCounters;
import io.plinth.geodns.answer.Responder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the event loop of its UDP socket: answers each datagram as it is read and flushes once for all of a read. */
final class UdpHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(UdpHandler.class);

    /** A query larger than this arrives cut off, which makes it malformed; the largest real ones are far smaller. */
    static final int LARGEST_QUERY = 1_536;

    private final Responder responder;
    private final byte[] in = new byte[LARGEST_QUERY];
    private final byte[] out = new byte[Responder.OUT];

    UdpHandler(Responder responder) {
        this.responder = responder;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof DatagramPacket packet) {
                answer(ctx, packet);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void answer(ChannelHandlerContext ctx, DatagramPacket packet) {
        InetSocketAddress sender = packet.sender();
        InetAddress source = sender.getAddress();
        if (!ctx.channel().isWritable()) {
            // The kernel's buffer is full: what is late is worthless to a resolver, which asks again.
            ctx.flush();
            if (!ctx.channel().isWritable()) {
                responder.counters().count(QueryCounters.Event.DROPPED);
                return;
            }
        }
        ByteBuf query = packet.content();
        int length = Math.min(query.readableBytes(), in.length);
        query.getBytes(query.readerIndex(), in, 0, length);
        int written = responder.datagram(in, 0, length, source.getAddress(), out);
        if (written > 0) {
            ByteBuf response = ctx.alloc().directBuffer(written).writeBytes(out, 0, written);
            ctx.write(new DatagramPacket(response, sender), ctx.voidPromise());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // One client's port that is closed again must not end the socket for all others.
        LOG.debug("udp - channel={}", ctx.channel(), cause);
    }
}
