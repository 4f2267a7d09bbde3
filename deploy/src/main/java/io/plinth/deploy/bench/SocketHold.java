package io.plinth.deploy.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Holds WebSockets open, in a process of its own. Opens them and has a frame echoed on each, prints {@code READY}; at each line
 * that comes it has another frame echoed on each and prints {@code OPEN} with the number of those that were; ends with its input.
 *
 * <p>Arguments: port, number of WebSockets.
 */
public final class SocketHold {
    private static final byte[] HANDSHAKE = ("GET " + Origin.SOCKET
                    + " HTTP/1.1\r\n"
                    + "Host: 127.0.0.1\r\n"
                    + "Connection: Upgrade\r\n"
                    + "Upgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    /** RFC 6455 5.7: a text frame of "Hello", masked. */
    private static final byte[] FRAME = {
        (byte) 0x81, (byte) 0x85, 0x37, (byte) 0xfa, 0x21, 0x3d, 0x7f, (byte) 0x9f, 0x4d, 0x51, 0x58
    };

    private static final int AT_ONCE = 128;
    private static final long PATIENCE_NANOS = 60_000_000_000L;
    private static final int END_OF_HEAD = 0x0D0A0D0A;

    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger echoed = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    private SocketHold() {}

    public static void main(String[] arguments) throws InterruptedException, IOException {
        new SocketHold().run(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]));
    }

    private void run(int port, int count) throws InterruptedException, IOException {
        boolean epoll = Epoll.isAvailable();
        try (EventLoopGroup loop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory())) {
            Bootstrap bootstrap = new Bootstrap()
                    .group(loop)
                    .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new Socket());
                        }
                    });
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                channels.add(bootstrap.connect("127.0.0.1", port).channel());
                while (i + 1 - opened.get() - failed.get() > AT_ONCE) {
                    Thread.sleep(1);
                }
            }
            await(opened, count);
            echo(channels);
            System.out.println("READY " + echoed.get());
            while (System.in.read() == '\n') {
                System.out.println("OPEN " + echo(channels));
            }
        }
    }

    private int echo(List<Channel> channels) throws InterruptedException {
        echoed.set(0);
        int asked = 0;
        for (Channel channel : channels) {
            channel.writeAndFlush(Unpooled.wrappedBuffer(FRAME));
            asked++;
            while (asked - echoed.get() - failed.get() > AT_ONCE * 4 && channel.isOpen()) {
                Thread.sleep(1);
            }
        }
        await(echoed, channels.size());
        return echoed.get();
    }

    /** Until all did, or some failed and the others had their time. */
    private void await(AtomicInteger done, int count) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (done.get() + failed.get() < count && System.nanoTime() - deadline < 0) {
            Thread.sleep(5);
        }
    }

    /** Owned by the event loop. */
    private final class Socket extends ChannelInboundHandlerAdapter {
        private int lastFour;
        private boolean open;
        private int frameBytes;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(HANDSHAKE));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            while (in.isReadable()) {
                byte next = in.readByte();
                if (open) {
                    frameBytes++;
                    if (frameBytes == FRAME.length) {
                        frameBytes = 0;
                        echoed.incrementAndGet();
                    }
                } else {
                    lastFour = lastFour << 8 | next;
                    if (lastFour == END_OF_HEAD) {
                        open = true;
                        opened.incrementAndGet();
                    }
                }
            }
            in.release();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            failed.incrementAndGet();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
