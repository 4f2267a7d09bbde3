package io.plinth.kit.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.ProtocolDetectionState;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.util.AttributeKey;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PROXY protocol, versions 1 and 2, on the receiving side. Its header is required first on a connection, within 5 s;
 * only listeners that a trusted proxy alone reaches may have it, for whoever sends it says what address it likes.
 */
public final class ProxyProtocol {
    private static final AttributeKey<InetSocketAddress> REMOTE = AttributeKey.valueOf(ProxyProtocol.class, "remote");
    private static final Logger LOG = LoggerFactory.getLogger(ProxyProtocol.class);

    /** Bytes of type-length-value fields in a version 2 header. */
    private static final int FIELDS_MAX = 1024;

    private static final int PATIENCE_SECONDS = 5;

    private ProxyProtocol() {}

    /** Adds the decoder at the end of the pipeline; it removes itself once the header has arrived. */
    public static void expect(ChannelPipeline pipeline) {
        HAProxyMessageDecoder decoder = new HAProxyMessageDecoder(FIELDS_MAX);
        decoder.setCumulator(ProxyProtocol::cumulate);
        pipeline.addLast(new Beginning()).addLast(decoder).addLast(new Header());
    }

    /** Netty's decoder takes a version 2 header's length for an index, which is right only in a buffer read from 0. */
    private static ByteBuf cumulate(ByteBufAllocator allocator, ByteBuf so, ByteBuf next) {
        if (so.isReadable() || next.readerIndex() == 0) {
            return ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(allocator, so, next);
        }
        so.release();
        try {
            return allocator.buffer(next.readableBytes()).writeBytes(next);
        } finally {
            next.release();
        }
    }

    /** Who the client is: what the header said, else the peer of the connection. */
    public static InetSocketAddress remote(Channel channel) {
        InetSocketAddress told = channel.attr(REMOTE).get();
        return told != null ? told : (InetSocketAddress) channel.remoteAddress();
    }

    /** Owned by the connection's event loop: what begins like no header is not waited with for the rest of one. */
    private static final class Beginning extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof ByteBuf bytes
                    && HAProxyMessageDecoder.detectProtocol(bytes).state() == ProtocolDetectionState.INVALID) {
                bytes.release();
                LOG.debug("{}: no PROXY header", ctx.channel());
                ctx.close();
                return;
            }
            ctx.fireChannelRead(message);
            ctx.pipeline().remove(this);
        }
    }

    /** Owned by the connection's event loop. */
    private static final class Header extends ChannelInboundHandlerAdapter {
        private boolean arrived;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.executor()
                    .schedule(
                            () -> {
                                if (!arrived) {
                                    ctx.close();
                                }
                            },
                            PATIENCE_SECONDS,
                            TimeUnit.SECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!(message instanceof HAProxyMessage header)) {
                ctx.fireChannelRead(message);
                return;
            }
            try {
                arrived = true;
                // LOCAL and UNKNOWN are the proxy's own probes: the peer is who it is.
                if (header.command() == HAProxyCommand.PROXY && header.sourceAddress() != null) {
                    byte[] address = NetUtil.createByteArrayFromIpAddressString(header.sourceAddress());
                    if (address != null) {
                        ctx.channel().attr(REMOTE).set(address(address, header.sourcePort()));
                    }
                }
            } finally {
                header.release();
            }
            ctx.pipeline().remove(this);
        }

        private static InetSocketAddress address(byte[] bytes, int port) {
            try {
                return new InetSocketAddress(java.net.InetAddress.getByAddress(bytes), port);
            } catch (java.net.UnknownHostException e) {
                throw new IllegalStateException("address of " + bytes.length + " bytes", e);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (arrived) {
                ctx.fireExceptionCaught(cause);
                return;
            }
            LOG.debug("{}: no PROXY header", ctx.channel(), cause);
            ctx.close();
        }
    }
}
