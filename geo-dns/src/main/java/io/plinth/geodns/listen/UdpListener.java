package io.plinth.geodns.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;

/**
 * Sets up each UDP socket. With epoll one system call brings up to 64 queries, into one buffer of as many slots: the
 * slots' size is what makes Netty use recvmmsg, and its answers leave by one sendmmsg as they are flushed together.
 */
public final class UdpListener extends ChannelInitializer<Channel> {
    private static final int SLOT = UdpHandler.LARGEST_QUERY;

    private static final int SLOTS = 64;
    /** Datagrams read before a loop looks at its other sockets and flushes. */
    private static final int READ_MAX = 1_024;

    private final ResponderFactory responders;

    /** A listener whose sockets each get a responder. */
    public UdpListener(ResponderFactory responders) {
        this.responders = responders;
    }

    @Override
    protected void initChannel(Channel channel) {
        batch(channel);
        channel.pipeline().addLast(new UdpHandler(responders.create()));
    }

    /** Other transports bring one datagram at a time. */
    static void batch(Channel channel) {
        if (channel instanceof EpollDatagramChannel) {
            channel.config().setOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, SLOT);
            FixedRecvByteBufAllocator slots = new FixedRecvByteBufAllocator(SLOT * SLOTS);
            channel.config().setRecvByteBufAllocator(slots.maxMessagesPerRead(READ_MAX));
        }
    }

    @Override
    public boolean isSharable() {
        return true;
    }
}
