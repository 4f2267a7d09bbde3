package io.plinth.kvcache.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.plinth.kit.net.ServerTls;

/** Sets up TLS, and behind it what a plain connection gets. Immutable. */
@Sharable
final class SecurePipeline extends ChannelInitializer<Channel> {
    private final ServerTls tls;
    private final long handshakeMillis;
    private final ChannelInitializer<Channel> plain;

    /** {@code plain}: may be shared. */
    SecurePipeline(ServerTls tls, long handshakeMillis, ChannelInitializer<Channel> plain) {
        this.tls = tls;
        this.handshakeMillis = handshakeMillis;
        this.plain = plain;
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.pipeline()
                .addLast(new LastRecord())
                .addLast(tls.handler(channel.alloc(), handshakeMillis))
                .addLast(plain);
    }
}
