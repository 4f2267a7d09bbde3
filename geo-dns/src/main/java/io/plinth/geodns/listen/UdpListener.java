package io.plinth.geodns.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets up each UDP socket. With epoll one system call brings up to 64 queries, into one buffer of as many slots: the
 * slots' size is what makes Netty use recvmmsg, and its answers leave by one sendmmsg as they are flushed together.
 */
public final class UdpListener extends ChannelInitializer<Channel> {
    private static final Logger LOG = LoggerFactory.getLogger(UdpListener.class);
    private static final int SLOT = UdpHandler.LARGEST_QUERY;

    private static final int SLOTS = 64;

    /**
     * Answers are never larger than a network carries, so what it says about that is not asked for with each of them,
     * and nobody can make them smaller by forging it (IP_PMTUDISC_OMIT).
     */
    private static final int OMIT = 5;

    private static final List<IntegerUnixChannelOption> PATH_MTU = List.of(
            new IntegerUnixChannelOption("IP_MTU_DISCOVER", 0, 10),
            new IntegerUnixChannelOption("IPV6_MTU_DISCOVER", 41, 23));
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
        omitPathMtu(channel);
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

    /** Each option is known to sockets of its own family only. */
    private static void omitPathMtu(Channel channel) {
        if (channel instanceof EpollDatagramChannel) {
            for (IntegerUnixChannelOption option : PATH_MTU) {
                try {
                    channel.config().setOption(option, OMIT);
                } catch (ChannelException e) {
                    LOG.debug("udp - {} not on {}", option, channel, e);
                }
            }
        }
    }

    @Override
    public boolean isSharable() {
        return true;
    }
}
