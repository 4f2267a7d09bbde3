package io.plinth.kit.lifecycle;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.plinth.kit.net.EventLoops;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells systemd how the node does (sd_notify(3)); silent where NOTIFY_SOCKET is not set. */
final class Notify {
    private static final Logger LOG = LoggerFactory.getLogger(Notify.class);

    private final @Nullable String socket;
    private final EventLoops loops;

    Notify(Map<String, String> environment, EventLoops loops) {
        this.socket = environment.get("NOTIFY_SOCKET");
        this.loops = loops;
    }

    void ready(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    void stopping() {
        send("STOPPING=1");
    }

    /** RELOADING needs the monotonic clock, which is what nanoTime reads on Linux (Type=notify-reload). */
    void reloading(long nanoTime) {
        send("RELOADING=1\nMONOTONIC_USEC=" + nanoTime / 1000);
    }

    private void send(String state) {
        if (socket == null || socket.isEmpty()) {
            return;
        }
        if (!loops.transport().equals("epoll")) {
            LOG.warn("NOTIFY_SOCKET is set but needs the epoll transport");
            return;
        }
        // An abstract address is written with @ and starts with a zero byte.
        String path = socket.startsWith("@") ? "\0" + socket.substring(1) : socket;
        try {
            Channel channel = new Bootstrap()
                    .group(loops.group())
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(new DomainSocketAddress(path))
                    .syncUninterruptibly()
                    .channel();
            ChannelFuture sent = channel.writeAndFlush(Unpooled.copiedBuffer(state, StandardCharsets.UTF_8));
            if (!sent.awaitUninterruptibly(1, TimeUnit.SECONDS) || !sent.isSuccess()) {
                LOG.warn("systemd cannot be told over {}: {}", socket, String.valueOf(sent.cause()));
            }
            channel.close();
        } catch (Exception e) {
            // Netty throws what connect failed with, declared or not.
            LOG.warn("systemd cannot be told over {}: {}", socket, e.getMessage());
        }
    }
}
