package io.plinth.dbproxy.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.local.LocalChannel;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Secret;
import io.plinth.kit.metrics.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PoolDirectoryTest {
    private static final PoolLimits LIMITS = new PoolLimits(
            2, 3, 4, 5, 10, Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofHours(1), Duration.ofHours(1));

    @Test
    void loginsThatNoServerTakesAreForgotten() throws Exception {
        DefaultEventLoop loop = new DefaultEventLoop();
        PoolDirectory directory = new PoolDirectory(
                List.of(loop),
                new ServerConnector(LocalChannel.class, 1, System::nanoTime),
                new PoolMetrics(new Metrics(), System::nanoTime),
                System::nanoTime);
        CountDownLatch refused = new CountDownLatch(50);
        loop.execute(() -> {
            for (int i = 0; i < 50; i++) {
                directory
                        .of(loop)
                        .pool(guess(i), LIMITS)
                        .acquire(new Waiter(System.nanoTime(), connection -> {}, why -> refused.countDown()));
            }
        });
        assertThat(refused.await(20, TimeUnit.SECONDS)).isTrue();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (directory.logins() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(directory.logins()).isZero();
        assertThat(directory.views().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .isEmpty();
        directory.close();
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }

    private static ServerKey guess(int i) {
        return new ServerKey(
                "shop",
                "shop/s0",
                "s0",
                false,
                new HostPort("127.0.0.1", 1),
                "shop",
                new Login("shop", new Secret("guess" + i), null, null, null));
    }
}
