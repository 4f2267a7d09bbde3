package shop.demo;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The shop's port: HTTP/1.1 pages on virtual threads, and a WebSocket at {@code /live} that hears the feed. */
final class WebServer implements AutoCloseable {
    private static final int FORM_BYTES_MAX = 16 << 10;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ExecutorService pages = Executors.newVirtualThreadPerTaskExecutor();
    private final ChannelGroup live = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Channel listener;

    WebServer(String instance, int port, Shop shop) throws InterruptedException {
        listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(
                                        new HttpServerCodec(),
                                        new HttpObjectAggregator(FORM_BYTES_MAX),
                                        new WebSocketServerProtocolHandler("/live"),
                                        new LiveHandler(live, instance),
                                        new PageHandler(shop, pages, instance));
                    }
                })
                .bind("127.0.0.1", port)
                .sync()
                .channel();
    }

    /** Sends a line to every live page of this instance. */
    void tell(String line) {
        live.writeAndFlush(new TextWebSocketFrame(line));
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        live.close().awaitUninterruptibly(1_000);
        pages.close();
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly(2_000);
    }
}
