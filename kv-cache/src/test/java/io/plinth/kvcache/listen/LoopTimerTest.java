package io.plinth.kvcache.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.Keyspace;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoopTimerTest {
    @Test
    void goesOnAfterAnExpiryOrASampleThatFailed() throws Exception {
        CommandHarness node = new CommandHarness(Topologies.alone());
        CountDownLatch visits = new CountDownLatch(3 * Keyspace.SEGMENTS);
        CountDownLatch samples = new CountDownLatch(2);
        node.keyspace.listen(new ChangeListener() {
            @Override
            public void changed(Change change) {
                // Nothing is.
            }

            @Override
            public void visited(long nowMillis) {
                visits.countDown();
                throw new IllegalStateException("a listener that fails");
            }
        });
        DefaultEventLoop loop = new DefaultEventLoop();
        LoopTimer timer = new LoopTimer(node.keyspace, List.of(loop), Clock.systemUTC(), node.state.stats(), now -> {
            samples.countDown();
            throw new IllegalStateException("a sample that fails");
        });
        try {
            timer.start();
            assertThat(visits.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(samples.await(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            timer.close();
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).await(30, TimeUnit.SECONDS);
        }
    }
}
