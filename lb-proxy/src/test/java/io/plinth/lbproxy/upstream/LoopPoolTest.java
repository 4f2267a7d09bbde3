package io.plinth.lbproxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LoopPoolTest {
    /** What a process without descriptors gets. */
    public static final class NoDescriptor extends NioSocketChannel {
        public NoDescriptor() {
            super(none());
        }

        private static SocketChannel none() {
            throw new IllegalStateException("Too many open files");
        }
    }

    /** Tells how its wish for a connection ended, and whether it heard of it on its loop. */
    private record User(EventLoop loop, CompletableFuture<String> outcome) implements UpstreamUser {
        @Override
        public Pick pick() {
            return new Pick();
        }

        @Override
        public void connecting(UpstreamConnection connection) {}

        @Override
        public void connected(UpstreamConnection connection) {
            outcome.complete("connected");
        }

        @Override
        public void connectFailed(ServerLane lane, String why) {
            outcome.complete((loop.inEventLoop() ? "on the loop: " : "elsewhere: ") + why);
        }

        @Override
        public void refused(Refusal why) {
            outcome.complete(why.text());
        }

        @Override
        public void responseBytes(ByteBuf in) {}

        @Override
        public void responsePause() {}

        @Override
        public void serverClosed(Ending how) {}

        @Override
        public void serverWritable(boolean writable) {}
    }

    @Test
    void withoutADescriptorTheUserHearsOfItOnItsLoop() throws Exception {
        try (MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory())) {
            EventLoop loop = group.next();
            Pool pool = new Pool(
                    PoolFixture.settings(),
                    List.of(PoolFixture.server("a")),
                    List.of(new Connector(loop, NoDescriptor.class, System::nanoTime, new SplittableRandom(1))));
            CompletableFuture<String> outcome = new CompletableFuture<>();
            loop.execute(() -> pool.loop(0).acquire(new User(loop, outcome)));
            assertThat(outcome.get(20, TimeUnit.SECONDS)).startsWith("on the loop: ");
            assertThat(loop.submit(() -> pool.servers().getFirst().connections())
                            .get(20, TimeUnit.SECONDS))
                    .isZero();
        }
    }
}
