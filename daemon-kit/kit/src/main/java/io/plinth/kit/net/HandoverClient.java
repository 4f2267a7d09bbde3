package io.plinth.kit.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The side of the new process: see {@link ListenerHandover}. Called by the runner thread. */
public final class HandoverClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HandoverClient.class);
    private static final int SECONDS = 10;
    private static final int HEADER_MAX = 64 << 10;
    private static final int SOCKETS_MAX = 4096;

    private final Channel channel;
    private final InheritedSockets sockets;

    private HandoverClient(Channel channel, InheritedSockets sockets) {
        this.channel = channel;
        this.sockets = sockets;
    }

    /** Receives every socket of the process that offers them; null where none does. */
    public static @Nullable HandoverClient take(Path socket, EventLoops loops) throws ListenException {
        if (!loops.transport().equals("epoll") || !Files.exists(socket)) {
            return null;
        }
        Taking taking = new Taking();
        var connect = new Bootstrap()
                .group(loops.group())
                .channel(EpollDomainSocketChannel.class)
                .handler(taking)
                .connect(new DomainSocketAddress(socket.toString()))
                .awaitUninterruptibly();
        if (!connect.isSuccess()) {
            LOG.info("nobody hands listeners over at {}", socket);
            return null;
        }
        try {
            List<InheritedSockets.Inherited> taken = new ArrayList<>();
            for (Named each : taking.taken.get(SECONDS, TimeUnit.SECONDS)) {
                taken.add(InheritedSockets.describe(each.name, each.descriptor));
            }
            return new HandoverClient(connect.channel(), new InheritedSockets(taken));
        } catch (ExecutionException | TimeoutException e) {
            connect.channel().close();
            throw new ListenException("handover over " + socket + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            connect.channel().close();
            Thread.currentThread().interrupt();
            throw new ListenException("handover over " + socket + " was interrupted", e);
        }
    }

    /** What was received; a listener takes what is its own. */
    public InheritedSockets sockets() {
        return sockets;
    }

    /** Tells the old process to stop accepting, and waits until it has heard. */
    public void complete() {
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {ListenerHandover.DONE}));
        if (!channel.closeFuture().awaitUninterruptibly(SECONDS, TimeUnit.SECONDS)) {
            LOG.warn("the old process did not answer that it was taken over from");
        }
    }

    /** Gives up where it was not completed: the old process serves on. */
    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
        sockets.close();
    }

    private record Named(String name, FileDescriptor descriptor) {}

    /** First bytes, then descriptors. Owned by the admin loop. */
    private static final class Taking extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<List<Named>> taken = new CompletableFuture<>();
        private final StringBuilder header = new StringBuilder();
        private final List<String> names = new ArrayList<>();
        private final List<Named> received = new ArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof FileDescriptor descriptor) {
                received.add(new Named(names.get(received.size()), descriptor));
                finishWhenAllAreHere();
                return;
            }
            try {
                header.append(((ByteBuf) message).toString(StandardCharsets.US_ASCII));
            } finally {
                ReferenceCountUtil.release(message);
            }
            try {
                if (parse()) {
                    // Not while this read is still going on: it would read descriptors as bytes.
                    ctx.executor().execute(() -> askForDescriptors(ctx));
                }
            } catch (IOException e) {
                exceptionCaught(ctx, e);
            }
        }

        private boolean parse() throws IOException {
            if (header.length() > HEADER_MAX) {
                throw new IOException("header: too long (expected: at most " + HEADER_MAX + " bytes)");
            }
            String[] lines = header.toString().split("\n", -1);
            if (lines.length < 2) {
                return false;
            }
            if (!lines[0].startsWith(ListenerHandover.GREETING)) {
                throw new IOException("greeting: " + lines[0] + " (expected: " + ListenerHandover.GREETING + "COUNT)");
            }
            int count = count(lines[0].substring(ListenerHandover.GREETING.length()));
            if (lines.length < count + 2) {
                return false;
            }
            for (int i = 1; i <= count; i++) {
                String name = lines[i].substring(lines[i].indexOf(' ') + 1);
                names.add(URLDecoder.decode(name, StandardCharsets.UTF_8));
            }
            return true;
        }

        private static int count(String text) throws IOException {
            try {
                int count = Integer.parseInt(text);
                if (count >= 0 && count <= SOCKETS_MAX) {
                    return count;
                }
            } catch (NumberFormatException e) {
                LOG.debug("handover", e);
            }
            throw new IOException("count: " + text + " (expected: 0 to " + SOCKETS_MAX + ")");
        }

        private void askForDescriptors(ChannelHandlerContext ctx) {
            ctx.channel()
                    .config()
                    .setOption(UnixChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS);
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {ListenerHandover.GO}));
            finishWhenAllAreHere();
        }

        private void finishWhenAllAreHere() {
            if (received.size() == names.size()) {
                taken.complete(List.copyOf(received));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            fail(new IOException("the old process closed the connection"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(cause);
            ctx.close();
        }

        private void fail(Throwable cause) {
            if (taken.completeExceptionally(cause)) {
                received.forEach(Taking::close);
            }
        }

        private static void close(Named named) {
            try {
                named.descriptor.close();
            } catch (IOException e) {
                LOG.debug("handover", e);
            }
        }
    }
}
