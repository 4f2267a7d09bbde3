package io.plinth.lbproxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections made while the loop is in the middle of what one epoll_wait told it. */
@Timeout(60)
class ConnectorIT {
    private static final int ROUNDS = 20;

    private MultiThreadIoEventLoopGroup group;
    private EventLoop loop;
    private Connector connector;
    private ServerSocket server;

    @BeforeEach
    void start() throws Exception {
        group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        loop = group.next();
        connector = new Connector(loop, EpollSocketChannel.class, System::nanoTime, new SplittableRandom(1));
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(20, TimeUnit.SECONDS);
    }

    private static class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }

    private Future<Channel> connect(Quiet handler) {
        SocketAddress to = server.getLocalSocketAddress();
        return connector.connect(handler, to, TimeUnit.SECONDS.toMillis(20));
    }

    private Channel connected(Quiet handler) throws Exception {
        return connect(handler).get(20, TimeUnit.SECONDS);
    }

    /** The new socket has the descriptor of the one that was closed, of which the loop is still to hear that its peer left. */
    @Test
    void aNewConnectionHearsNothingOfTheOneWhoseDescriptorItGot() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Channel closed = connected(new Quiet());
            CompletableFuture<Future<Channel>> next = new CompletableFuture<>();
            try (Socket leaves = server.accept()) {
                Channel reads = connected(new Quiet() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ReferenceCountUtil.release(message);
                        closed.close();
                        next.complete(connect(new Quiet()));
                    }
                });
                try (Socket speaks = server.accept()) {
                    CountDownLatch busy = new CountDownLatch(1);
                    CountDownLatch both = new CountDownLatch(1);
                    loop.execute(() -> {
                        busy.countDown();
                        try {
                            both.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    });
                    busy.await();
                    speaks.getOutputStream().write(1);
                    leaves.shutdownOutput();
                    both.countDown();
                    Channel made = next.get(20, TimeUnit.SECONDS).get(20, TimeUnit.SECONDS);
                    server.accept().close();
                    assertThat(made.close().await(20, TimeUnit.SECONDS)).isTrue();
                    assertThat(reads.close().await(20, TimeUnit.SECONDS)).isTrue();
                }
            }
        }
    }
}
