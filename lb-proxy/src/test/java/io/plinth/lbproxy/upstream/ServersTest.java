package io.plinth.lbproxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.lbproxy.measure.Latencies;
import io.plinth.testkit.FreePort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of servers by what came of requests, connects and checks. */
@Timeout(30)
class ServersTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong time = new AtomicLong();
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());

    @AfterEach
    void stop() {
        group.close();
    }

    private Pool pool(List<PoolSettings.ServerSettings> servers) throws Exception {
        return PoolFixture.pool(group.next(), servers, time::get);
    }

    private Server server() {
        return new Server(PoolFixture.server("a"), PoolFixture.settings(), 0, new Latencies(1, time::get), 1);
    }

    @Test
    void aServerWhoseSuccessRateIsFarBelowTheOthersIsEjected() throws Exception {
        List<PoolSettings.ServerSettings> names = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            names.add(PoolFixture.server("s" + i));
        }
        Pool pool = pool(names);
        time.set(11 * SECOND);
        pool.sweep(time.get());
        for (Server server : pool.servers()) {
            for (int i = 0; i < 100; i++) {
                boolean fails = i % (server.name().equals("s3") ? 2 : 50) == 0;
                server.outcomes().add(0, fails ? 500 : 200, fails);
            }
        }
        pool.sweep(12 * SECOND);
        assertThat(pool.servers()).noneMatch(server -> server.ejected(12 * SECOND));
        pool.sweep(22 * SECOND);
        assertThat(pool.servers())
                .filteredOn(server -> server.ejected(22 * SECOND))
                .extracting(Server::name)
                .containsExactly("s3");
        pool.sweep(33 * SECOND);
        assertThat(pool.servers()).noneMatch(server -> server.ejected(33 * SECOND));
    }

    @Test
    void aConnectLiftsTheEjectionOfAConnectAndNoOther() {
        Server server = server();
        server.connectFailed(0);
        assertThat(server.ejected(0)).isTrue();
        server.connected();
        assertThat(server.ejected(0)).isFalse();
        server.connectFailed(SECOND);
        long after = 5 * SECOND;
        assertThat(server.ejected(after)).isFalse();
        assertThat(server.eject(after)).isTrue();
        server.connected();
        assertThat(server.ejected(after)).isTrue();
        server.connectFailed(after);
        server.connected();
        assertThat(server.ejected(after)).isTrue();
    }

    /** Discovery may tell of a pool that a reload has just replaced. */
    @Test
    void thePoolThatIsCheckedStaysCheckedWhenTheOneBeforeItChanges() throws Exception {
        int port = FreePort.find();
        PoolSettings.ServerSettings down = new PoolSettings.ServerSettings(
                "a", new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1, false);
        HealthCheckConfig check = new HealthCheckConfig(
                null,
                null,
                false,
                null,
                null,
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                1,
                2,
                "200",
                null,
                null,
                List.of(),
                null);
        try (MultiThreadIoEventLoopGroup sockets = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
                HealthChecks checks = new HealthChecks(
                        new HealthMonitor(NioSocketChannel.class, new SplittableRandom(1)),
                        List.of(sockets.next()),
                        time::get)) {
            Pool before = pool(List.of(down));
            Pool now = pool(List.of(down));
            checks.follow(Map.of("web", check), Map.of("web", now));
            checks.refresh(before);
            await(() -> !now.servers().getFirst().healthy());
            assertThat(before.servers().getFirst().healthy()).isTrue();
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + 20 * SECOND;
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
