package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.plinth.kit.config.HostPort;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class NettyEventLoopsIT {
    @ParameterizedTest
    @CsvSource({"epoll, 50", "nio, 50", "io_uring, 10"})
    void closingLoopsClosesEveryChannelOnThem(String transport, int rounds) throws Exception {
        for (int round = 0; round < rounds; round++) {
            Queue<Channel> accepted = new ConcurrentLinkedQueue<>();
            NettyEventLoops loops = NettyEventLoops.open("lb-1", 1, transport);
            try (BoundListeners listeners = new BoundListeners("lb-1", name -> name, loops, InheritedSockets.none())) {
                Listeners.Bound bound = listeners.tcp("public", new HostPort("127.0.0.1", 0), new Collecting(accepted));
                try (Socket client =
                        new Socket(bound.address().getAddress(), bound.address().getPort())) {
                    assertThat(client.isConnected()).isTrue();
                }
                loops.close();
            }
            assertThat(accepted).noneMatch(Channel::isOpen);
        }
    }

    @Test
    void namesThreadsAfterTheNode() throws Exception {
        try (NettyEventLoops loops = NettyEventLoops.open("lb-1", 2, "epoll")) {
            String name = loops.all()
                    .get(1)
                    .submit(() -> Thread.currentThread().getName() + " " + org.slf4j.MDC.get("node"))
                    .get();
            assertThat(name).isEqualTo("lb-1-loop-1 lb-1");
        }
    }

    @Test
    void refusesATransportThatDoesNotExist() {
        assertThatThrownBy(() -> NettyEventLoops.open("lb-1", 1, "carrier-pigeon"))
                .hasMessage("transport: carrier-pigeon (expected: epoll, io_uring or nio)");
    }

    private static final class Collecting extends ChannelInitializer<Channel> {
        private final Queue<Channel> accepted;

        Collecting(Queue<Channel> accepted) {
            this.accepted = accepted;
        }

        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        protected void initChannel(Channel channel) {
            accepted.add(channel);
        }
    }
}
