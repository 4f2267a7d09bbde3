package io.plinth.kit.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The side of the old process: passes every listening socket of a node to the process that takes its place, over a Unix
 * domain socket in the node's folder (mode 0600) with SCM_RIGHTS. A passed socket keeps its queue, so that nobody is
 * refused in between.
 *
 * <pre>
 * old -> new   plinth-handover 1 COUNT\n, then COUNT lines: tcp|udp NAME\n
 * new -> old   g          ready for the descriptors
 * old -> new   COUNT times one byte with a descriptor
 * new -> old   d          it serves (or waits for the data): the old process stops accepting and drains
 * old          closes the connection
 * </pre>
 *
 * Owned by the admin loop.
 */
public final class ListenerHandover implements AutoCloseable {
    static final String GREETING = "plinth-handover 1 ";
    static final int GO = 'g';
    static final int DONE = 'd';

    /** sun_path of a sockaddr_un, less its final zero. */
    private static final int PATH_MAX = 107;

    private static final Logger LOG = LoggerFactory.getLogger(ListenerHandover.class);

    private final Channel server;

    private ListenerHandover(Channel server) {
        this.server = server;
    }

    /**
     * Offers the sockets from now on; null where the transport or the path does not allow it.
     *
     * @param onTaken called on the admin loop once another process has them; the connection closes when it completes
     */
    public static @Nullable ListenerHandover offer(
            Path socket, EventLoops loops, List<BoundListeners> from, Supplier<CompletionStage<Void>> onTaken) {
        if (!loops.transport().equals("epoll")
                || socket.toString().getBytes(StandardCharsets.UTF_8).length > PATH_MAX) {
            LOG.debug("no handover over {} with {}", socket, loops.transport());
            return null;
        }
        try {
            Files.deleteIfExists(socket);
            Channel server = new ServerBootstrap()
                    .group(loops.group())
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            List<BoundListeners.Offered> offered = from.stream()
                                    .flatMap(each -> each.offered().stream())
                                    .toList();
                            channel.pipeline().addLast(new Giving(offered, onTaken));
                        }
                    })
                    .bind(new DomainSocketAddress(socket.toString()))
                    .syncUninterruptibly()
                    .channel();
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            return new ListenerHandover(server);
        } catch (IOException | RuntimeException e) {
            LOG.warn("listeners cannot be handed over: {}", e.getMessage());
            return null;
        }
    }

    /** Ends the offer and removes the socket's file. Idempotent. */
    @Override
    public void close() {
        server.close().awaitUninterruptibly();
    }

    /** One taker. Owned by the admin loop. */
    private static final class Giving extends SimpleChannelInboundHandler<ByteBuf> {
        private final List<BoundListeners.Offered> offered;
        private final Supplier<CompletionStage<Void>> onTaken;

        Giving(List<BoundListeners.Offered> offered, Supplier<CompletionStage<Void>> onTaken) {
            this.offered = offered;
            this.onTaken = onTaken;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            StringBuilder header =
                    new StringBuilder(GREETING).append(offered.size()).append('\n');
            for (BoundListeners.Offered each : offered) {
                header.append(each.stream() ? "tcp " : "udp ")
                        .append(URLEncoder.encode(each.name(), StandardCharsets.UTF_8))
                        .append('\n');
            }
            ctx.writeAndFlush(Unpooled.copiedBuffer(header, StandardCharsets.US_ASCII));
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
            while (bytes.isReadable()) {
                switch (bytes.readByte()) {
                    case GO -> {
                        offered.forEach(each -> ctx.write(each.descriptor()));
                        ctx.flush();
                    }
                    case DONE -> {
                        // The taker binds this path next: it must not be ours any more.
                        ctx.channel().parent().close();
                        onTaken.get().whenComplete((done, failure) -> ctx.close());
                    }
                    default -> ctx.close();
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            LOG.debug("handover", cause);
            ctx.close();
        }
    }
}
