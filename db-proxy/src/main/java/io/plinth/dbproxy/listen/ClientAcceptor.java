package io.plinth.dbproxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.dbproxy.client.ClientConnection;
import io.plinth.dbproxy.client.Front;

/** Gives every accepted channel its conversation. Shared by the loops. */
@Sharable
public final class ClientAcceptor extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 << 10, 256 << 10);

    private final Front front;

    public ClientAcceptor(Front front) {
        this.front = front;
    }

    @Override
    protected void initChannel(Channel channel) {
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        channel.config().setWriteBufferWaterMark(WATER_MARK);
        channel.pipeline()
                .addLast("client", new ClientConnection(front, front.connector().pace(channel.eventLoop())));
    }
}
