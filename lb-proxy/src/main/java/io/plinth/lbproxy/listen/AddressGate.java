package io.plinth.lbproxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.plinth.kit.net.ProxyProtocol;
import io.plinth.lbproxy.limit.AddressLimit;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Counts a connection among those of its client's address; as a handler it does so once a PROXY header has said which
 * that is. Owned by its event loop.
 */
final class AddressGate extends ChannelInboundHandlerAdapter {
    private final AddressLimit limit;

    AddressGate(AddressLimit limit) {
        this.limit = limit;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (enter(limit, ctx.channel())) {
            ctx.fireChannelRead(message);
            ctx.pipeline().remove(this);
        } else {
            ReferenceCountUtil.release(message);
            ctx.close();
        }
    }

    /** Whether there is room; counts it out again when it closes. */
    static boolean enter(AddressLimit limit, Channel channel) {
        InetSocketAddress remote = channel.remoteAddress() == null ? null : ProxyProtocol.remote(channel);
        InetAddress address = remote == null ? null : remote.getAddress();
        if (address == null) {
            return true;
        }
        boolean room = limit.enter(address);
        if (room) {
            channel.closeFuture().addListener(closed -> limit.leave(address));
        }
        return room;
    }
}
