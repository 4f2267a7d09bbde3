package io.plinth.deploy.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * The server behind the proxies of a bench, in a process of its own: answers every GET from memory, and does so little that
 * what is measured is the proxy. Takes nothing but requests without a body over kept connections.
 */
public final class Origin {
    static final String SMALL = "/small";
    static final String LARGE = "/large";
    /** Answers an Upgrade, then sends every byte back. */
    static final String SOCKET = "/tunnel";

    private static final int SMALL_BYTES = 1024;
    private static final int LARGE_BYTES = 100 * 1000;
    private static final byte[] SWITCHED =
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);

    private Origin() {}

    public static void main(String[] arguments) throws InterruptedException {
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory transport = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        Class<? extends ServerChannel> channel = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        ByteBuf small = response(SMALL_BYTES);
        ByteBuf large = response(LARGE_BYTES);
        new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(1, transport))
                .channel(channel)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel accepted) {
                        accepted.pipeline().addLast(new Answers(small, large));
                    }
                })
                .bind("127.0.0.1", Integer.parseInt(arguments[0]))
                .sync()
                .channel()
                .closeFuture()
                .sync();
    }

    private static ByteBuf response(int bytes) {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + bytes + "\r\n\r\n";
        String whole = head + "x".repeat(bytes);
        return Unpooled.unreleasableBuffer(
                Unpooled.directBuffer(whole.length()).writeBytes(whole.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Owned by the connection's event loop. Answers at the end of each head: "\r\n\r\n". */
    private static final class Answers extends ChannelInboundHandlerAdapter {
        private static final int END_OF_HEAD = 0x0D0A0D0A;

        private final ByteBuf small;
        private final ByteBuf large;
        private int lastFour;
        /** How many bytes of this head came so far; the sixth, the second of the path, tells which page is meant. */
        private int at;

        private byte wants;
        private boolean tunnel;

        Answers(ByteBuf small, ByteBuf large) {
            this.small = small;
            this.large = large;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            if (tunnel) {
                ctx.write(in, ctx.voidPromise());
                return;
            }
            for (int i = in.readerIndex(); i < in.writerIndex(); i++) {
                byte next = in.getByte(i);
                if (++at == 6) {
                    wants = next;
                }
                lastFour = lastFour << 8 | next;
                if (lastFour == END_OF_HEAD) {
                    answer(ctx);
                    at = 0;
                }
            }
            in.release();
        }

        private void answer(ChannelHandlerContext ctx) {
            tunnel = wants == 't';
            if (tunnel) {
                ctx.write(Unpooled.wrappedBuffer(SWITCHED), ctx.voidPromise());
            } else {
                ctx.write((wants == 'l' ? large : small).duplicate(), ctx.voidPromise());
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
