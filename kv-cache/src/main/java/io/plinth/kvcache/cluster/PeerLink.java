package io.plinth.kvcache.cluster;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by one event loop: the connection to one other node. It only sends; the other side is told not to answer. */
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final int RETRY_MILLIS = 500;
    private static final int CONNECT_MILLIS = 2_000;
    private static final byte[] PUBLISH = ascii("PLINTH.PUBLISH");

    private final Member peer;
    private final EventLoop loop;
    private final Class<? extends Channel> type;
    private final Supplier<@Nullable String> password;
    private final long queueLimit;
    private final LongAdder dropped;
    private final AtomicLong queued = new AtomicLong();
    private volatile @Nullable Channel channel;
    private volatile boolean closed;
    private boolean refused;

    PeerLink(
            Member peer,
            EventLoop loop,
            Class<? extends Channel> type,
            Supplier<@Nullable String> password,
            long queueLimit,
            LongAdder dropped) {
        this.peer = peer;
        this.loop = loop;
        this.type = type;
        this.password = password;
        this.queueLimit = queueLimit;
        this.dropped = dropped;
    }

    void connect() {
        if (closed) {
            return;
        }
        new Bootstrap()
                .group(loop)
                .channel(type)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connecting) {
                        connecting.pipeline().addLast(new Greeting());
                    }
                })
                .connect(peer.host(), peer.port())
                .addListener((ChannelFuture done) -> {
                    if (done.isSuccess()) {
                        connected(done.channel());
                    } else {
                        retry();
                    }
                });
    }

    private void connected(Channel fresh) {
        if (closed) {
            fresh.close();
            return;
        }
        ByteBuf greeting = fresh.alloc().buffer();
        String secret = password.get();
        if (secret != null) {
            request(greeting, ascii("AUTH"), secret.getBytes(StandardCharsets.UTF_8));
        }
        request(greeting, ascii("CLIENT"), ascii("SETNAME"), ascii("plinth-peer"));
        request(greeting, ascii("CLIENT"), ascii("REPLY"), ascii("OFF"));
        fresh.pipeline().get(Greeting.class).missing = secret == null ? 1 : 2;
        fresh.writeAndFlush(greeting, fresh.voidPromise());
        ScheduledFuture<?> late = loop.schedule(() -> fresh.close(), CONNECT_MILLIS, TimeUnit.MILLISECONDS);
        fresh.closeFuture().addListener(gone -> {
            late.cancel(false);
            channel = null;
            retry();
        });
        fresh.pipeline().get(Greeting.class).late = late;
    }

    private void accepted(Channel fresh) {
        refused = false;
        channel = fresh;
        LOG.debug("connected to {} at {}:{}", peer.name(), peer.host(), peer.port());
    }

    private void refused(Channel fresh, String reply) {
        if (!refused) {
            refused = true;
            LOG.warn(
                    "node {} at {}:{} refuses this one's messages: {} (expected: the same password on both)",
                    peer.name(),
                    peer.host(),
                    peer.port(),
                    reply);
        }
        fresh.close();
    }

    private void retry() {
        if (!closed && !loop.isShuttingDown()) {
            loop.schedule(this::connect, RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Sends a message, or drops it where the node cannot be reached or does not keep up. From any thread. */
    void publish(byte[] name, byte[] message) {
        Channel open = channel;
        long bytes = (long) name.length + message.length;
        if (open == null || queued.addAndGet(bytes) > queueLimit) {
            if (open != null) {
                queued.addAndGet(-bytes);
            }
            dropped.increment();
            return;
        }
        ByteBuf request = open.alloc().buffer();
        request(request, PUBLISH, name, message);
        open.writeAndFlush(request).addListener(sent -> {
            queued.addAndGet(-bytes);
            if (!sent.isSuccess()) {
                dropped.increment();
            }
        });
    }

    boolean connected() {
        return channel != null;
    }

    void close() {
        closed = true;
        Channel open = channel;
        if (open != null) {
            open.close();
        }
    }

    private static void request(ByteBuf out, byte[]... args) {
        out.writeCharSequence("*" + args.length + "\r\n", StandardCharsets.US_ASCII);
        for (byte[] arg : args) {
            out.writeCharSequence("$" + arg.length + "\r\n", StandardCharsets.US_ASCII);
            out.writeBytes(arg);
            out.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Reads the replies that come before CLIENT REPLY OFF: one line each. An error among them ends the connection. */
    private final class Greeting extends ChannelInboundHandlerAdapter {
        private static final int MAX_LINE = 512;

        private final StringBuilder line = new StringBuilder();
        private int missing;
        private @Nullable ScheduledFuture<?> late;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                while (missing > 0 && in.isReadable()) {
                    char next = (char) in.readUnsignedByte();
                    if (next == '\n') {
                        reply(ctx, line.toString().strip());
                        line.setLength(0);
                    } else if (line.length() < MAX_LINE) {
                        line.append(next);
                    }
                }
            } finally {
                in.release();
            }
        }

        private void reply(ChannelHandlerContext ctx, String reply) {
            missing--;
            if (!reply.startsWith("+")) {
                missing = 0;
                refused(ctx.channel(), reply);
            } else if (missing == 0) {
                ScheduledFuture<?> waiting = late;
                if (waiting != null) {
                    waiting.cancel(false);
                }
                accepted(ctx.channel());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof IOException)) {
                LOG.warn(
                        "link to {} closed by an unexpected error",
                        ctx.channel().remoteAddress(),
                        cause);
            }
            ctx.close();
        }
    }
}
