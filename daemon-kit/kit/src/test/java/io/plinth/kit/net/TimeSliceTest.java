package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TimeSliceTest {
    /** Linux tells it from 6.12 on, where it counts. */
    private static boolean counts() {
        Matcher release = Pattern.compile("(\\d+)\\.(\\d+).*").matcher(System.getProperty("os.version"));
        return release.matches()
                && 100 * Integer.parseInt(release.group(1)) + Integer.parseInt(release.group(2)) >= 612;
    }

    private static Duration of(Duration asked) throws Exception {
        CompletableFuture<Duration> own = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            TimeSlice.ask(asked);
            own.complete(TimeSlice.own());
        });
        return own.get();
    }

    @Test
    void aThreadGetsWhatItAskedForWhereTheSystemHasIt() throws Exception {
        Duration asked = Duration.ofNanos(300_000);
        assertThat(of(asked)).isEqualTo(counts() ? asked : Duration.ZERO);
        assertThat(of(TimeSlice.LEAST)).isEqualTo(counts() ? TimeSlice.LEAST : Duration.ZERO);
    }

    @Test
    void aThreadThatItStartsHasWhatOthersHave() throws Exception {
        Duration others = TimeSlice.own();
        CompletableFuture<Duration> started = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            TimeSlice.ask(TimeSlice.LEAST);
            Thread.ofPlatform().start(() -> started.complete(TimeSlice.own()));
        });
        assertThat(started.get()).isEqualTo(others);
    }

    @Test
    void loopsThatServeAskForTheLeastAndOthersForNothing() throws Exception {
        try (NettyEventLoops serving = NettyEventLoops.open("here", 2, "epoll");
                NettyEventLoops admin = NettyEventLoops.open("here", "admin", 1, "epoll")) {
            for (EventLoop loop : serving.all()) {
                assertThat(loop.submit(TimeSlice::own).get()).isEqualTo(counts() ? TimeSlice.LEAST : Duration.ZERO);
            }
            assertThat(admin.all().getFirst().submit(TimeSlice::own).get()).isNotEqualTo(TimeSlice.LEAST);
        }
    }
}
