package io.plinth.geodns.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import org.junit.jupiter.api.Test;

class UdpListenerTest {
    @Test
    void oneReadBrings64DatagramsSoThatNettyUsesRecvmmsg() {
        assumeTrue(Epoll.isAvailable());
        EpollDatagramChannel channel = new EpollDatagramChannel();
        try {
            UdpListener.batch(channel);
            int slot = channel.config().getOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE);
            var reads = channel.config()
                    .<RecvByteBufAllocator>getRecvByteBufAllocator()
                    .newHandle();
            assertThat(slot).isEqualTo(1_536);
            assertThat(reads.guess() / slot).isEqualTo(64);
        } finally {
            channel.unsafe().closeForcibly();
        }
    }
}
