package io.plinth.lbproxy.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.socket.nio.NioSocketChannel;
import io.plinth.kit.health.HealthMonitor;
import io.plinth.kit.net.EventLoops;
import io.plinth.kit.net.NettyEventLoops;
import io.plinth.lbproxy.upstream.HealthChecks;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.PoolFixture;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DiscoveryTest {
    private static final Source WEB = new Source("web", null, null);

    private static ServerSettings server(String name, boolean draining) {
        return new ServerSettings(name, new InetSocketAddress("127.0.0.1", 9), 1, draining);
    }

    /** A reload asks for the servers first and applies them later. */
    @Test
    void whatTheOperatorChangesDuringAReloadIsNotUndone() throws Exception {
        Map<String, Pool> pools = new ConcurrentHashMap<>();
        try (EventLoops loops = NettyEventLoops.open("lb", 1, "nio");
                HealthChecks checks = new HealthChecks(
                        new HealthMonitor(NioSocketChannel.class, new SplittableRandom(1)),
                        loops.all(),
                        System::nanoTime);
                Discovery discovery = new Discovery("lb", loops, checks, () -> pools)) {
            List<ServerSettings> named = List.of(server("a", false), server("b", false));
            discovery.follow(List.of(WEB), Map.of("web", named));
            Pool pool = PoolFixture.pool(loops.all().getFirst(), discovery.servers(WEB, named), System::nanoTime);
            List<ServerSettings> asked = discovery.servers(WEB, named);
            discovery
                    .thread()
                    .submit(() -> discovery.change("web", each -> each.drain("a", true)))
                    .get(20, TimeUnit.SECONDS);
            pool.update(asked);
            pools.put("web", pool);
            discovery.follow(List.of(WEB), Map.of("web", named));
            discovery.thread().submit(() -> {}).get(20, TimeUnit.SECONDS);
            assertThat(pool.servers())
                    .filteredOn(each -> each.draining())
                    .extracting(each -> each.name())
                    .containsExactly("a");
        }
    }

    @Test
    void toAskWhatTheServersWouldBeChangesNothing() throws Exception {
        try (EventLoops loops = NettyEventLoops.open("lb", 1, "nio");
                HealthChecks checks = new HealthChecks(
                        new HealthMonitor(NioSocketChannel.class, new SplittableRandom(1)),
                        loops.all(),
                        System::nanoTime);
                Discovery discovery = new Discovery("lb", loops, checks, Map::of)) {
            discovery.follow(List.of(WEB), Map.of("web", List.of(server("a", false))));
            assertThat(discovery.servers(WEB, List.of(server("b", false))))
                    .extracting(ServerSettings::name)
                    .containsExactly("b");
            assertThat(discovery.servers(new Source("refused", null, null), List.of(server("c", false))))
                    .hasSize(1);
            Membership web = discovery.membership("web");
            assertThat(web).isNotNull();
            assertThat(web.has("a")).isTrue();
            assertThat(web.has("b")).isFalse();
            assertThat(discovery.membership("refused")).isNull();
        }
    }

    @Test
    void whatAnOperatorAddsIsBoundedAndGoesWithoutATrace() {
        Membership membership = new Membership(List.of(server("known", false)));
        InetSocketAddress at = new InetSocketAddress("127.0.0.1", 9);
        for (int i = 0; i < 10_000; i++) {
            membership.add("s" + i, at, 1);
            membership.remove("s" + i);
        }
        membership.remove("known");
        assertThat(membership.servers()).isEmpty();
        assertThat(membership.traces()).isEqualTo(1);
        for (int i = 0; i < ServerList.MAX_SERVERS; i++) {
            membership.add("s" + i, at, 1);
        }
        membership.add("s0", at, 2);
        assertThatThrownBy(() -> membership.add("one-more", at, 1)).hasMessageContaining("expected: at most 4096");
    }
}
