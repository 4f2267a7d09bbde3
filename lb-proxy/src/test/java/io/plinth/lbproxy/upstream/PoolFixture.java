package io.plinth.lbproxy.upstream;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** Pools with nothing special. */
public final class PoolFixture {
    private PoolFixture() {}

    public static PoolSettings settings() {
        return new PoolSettings(
                "web",
                PoolSettings.Balance.ROUND_ROBIN,
                "path",
                125,
                null,
                new PoolSettings.Outliers(0, Duration.ofSeconds(10), 10, 19, 50),
                null,
                20,
                10,
                Duration.ZERO,
                null,
                PoolSettings.ProxyHeader.OFF,
                null,
                false,
                null,
                10,
                10,
                10,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(10));
    }

    public static ServerSettings server(String name) {
        return new ServerSettings(name, new InetSocketAddress("127.0.0.1", 9), 1, false);
    }

    public static Pool pool(EventLoop loop, List<ServerSettings> servers, LongSupplier nanoTime) throws Exception {
        return new Pool(
                settings(),
                servers,
                List.of(new Connector(loop, NioSocketChannel.class, nanoTime, new SplittableRandom(1))));
    }
}
