package io.plinth.dbproxy.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.local.LocalChannel;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.kit.config.HostPort;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShardHealthTest {
    @Test
    void theLatestWriteCountsWhicheverLoopTellsFirst() {
        DefaultEventLoop loop = new DefaultEventLoop();
        long start = Long.MAX_VALUE - 50;
        ServerKey key = new ServerKey(
                "shop",
                "shop/s0",
                "s0",
                false,
                new HostPort("127.0.0.1", 5432),
                "shop",
                new Login("shop", null, null, null, null));
        ShardHealth health = new ShardHealth(
                new ServerConnector(LocalChannel.class, 1, () -> start),
                loop,
                Duration.ofSeconds(1),
                () -> start,
                key,
                List.of(),
                "",
                rows -> {});
        health.wrote(start + 200);
        health.wrote(start + 100);
        assertThat(health.lastWrite()).isEqualTo(start + 200);
        loop.shutdownGracefully();
    }
}
