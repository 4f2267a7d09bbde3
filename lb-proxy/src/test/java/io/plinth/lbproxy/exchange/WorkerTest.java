package io.plinth.lbproxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.plinth.lbproxy.admin.AccessLane;
import io.plinth.lbproxy.route.RouteTable;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.Snapshot;
import io.plinth.lbproxy.snapshot.TrustedProxies;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class WorkerTest {
    static Snapshot empty() {
        ProxySettings settings = new ProxySettings(
                new Http1Limits(8192, 32_768, 100, 256, 8192),
                new Http2Limits(100, 65_536, 1 << 20, 32_768, 100, 8, 200, 1000, 4096),
                16_384,
                4_096,
                false,
                0,
                false,
                null,
                new TrustedProxies(List.of()),
                new ProxySettings.Timeouts(1, 1, 1, 1, 1, 1, 1, 1),
                new ProxySettings.Rates(0, 0, 0));
        return new Snapshot(settings, new RouteTable<>(List.of()), Map.of());
    }

    static Worker worker(EventLoop loop, Snapshot snapshot) {
        return new Worker(
                0,
                loop,
                () -> snapshot,
                Clock.systemUTC(),
                System::nanoTime,
                RandomGenerator.getDefault(),
                AccessLane.off(),
                null);
    }

    /** One that fails when its deadlines are looked at, or does not. */
    private static final class Client extends AttendedClient {
        private final boolean fails;
        final CountDownLatch looks = new CountDownLatch(3);
        final CountDownLatch aborted = new CountDownLatch(1);

        Client(boolean fails) {
            this.fails = fails;
        }

        @Override
        void tick(long now) {
            looks.countDown();
            if (fails) {
                throw new IllegalStateException("a bug");
            }
        }

        @Override
        void drain() {}

        @Override
        public void abort() {
            aborted.countDown();
        }
    }

    @Test
    void whatFailsForOneClientTakesNobodysDeadlinesAway() throws Exception {
        DefaultEventLoop loop = new DefaultEventLoop();
        try {
            Snapshot snapshot = empty();
            Worker worker = worker(loop, snapshot);
            Client well = new Client(false);
            Client broken = new Client(true);
            loop.submit(() -> {
                        // The one added last is looked at first.
                        worker.add(well);
                        worker.add(broken);
                        return worker.start();
                    })
                    .get();
            assertThat(broken.aborted.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(well.looks.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(well.aborted.getCount()).isOne();
        } finally {
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).get();
        }
    }
}
