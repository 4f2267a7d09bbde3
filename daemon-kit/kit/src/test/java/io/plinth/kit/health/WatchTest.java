package io.plinth.kit.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchTest {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(100);

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<Boolean> verdicts = new ArrayList<>();
    private ProbeResult found = new ProbeResult(true, "well");
    private int probes;

    private final Watch watch = new Watch(
            "web-a",
            new InetSocketAddress("192.0.2.1", 80),
            new CheckOf().interval(Duration.ofSeconds(100)).thresholds(2, 3).build(),
            channel.eventLoop(),
            (loop, name, target, check, done) -> {
                probes++;
                done.accept(found);
                return () -> {};
            },
            new SplittableRandom(3),
            verdicts::add);

    WatchTest() {
        channel.freezeTime();
    }

    @AfterEach
    void close() {
        watch.close();
        channel.finishAndReleaseAll();
    }

    /** How long until the next probe, which then is made. */
    private long next() {
        long wait = channel.runScheduledPendingTasks();
        channel.advanceTimeBy(wait, TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        return wait;
    }

    @Test
    void eachProbeIsAnIntervalAfterTheLastATenthMoreOrLess() {
        watch.probe();
        Set<Long> waits = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            long wait = next();
            assertThat(wait).isBetween(INTERVAL - INTERVAL / 10, INTERVAL + INTERVAL / 10);
            waits.add(wait);
        }
        assertThat(probes).isEqualTo(201);
        assertThat(waits).hasSizeGreaterThan(100);
    }

    @Test
    void theSoonestChangeComesNearerWithEachResultAgainstIt() {
        assertThat(watch.soonestChange()).hasSeconds(100);
        watch.probe();
        assertThat(watch.soonestChange()).hasSeconds(300);
        found = new ProbeResult(false, "ill");
        next();
        assertThat(watch.soonestChange()).hasSeconds(200);
        next();
        assertThat(watch.soonestChange()).hasSeconds(100);
        next();
        assertThat(watch.soonestChange()).hasSeconds(200);
        found = new ProbeResult(true, "well");
        next();
        found = new ProbeResult(false, "ill");
        next();
        assertThat(watch.soonestChange()).hasSeconds(200);
        assertThat(verdicts).containsExactly(true, false);
    }

    @Test
    void aNewWeightIsToldWithTheVerdictThatStays() {
        watch.probe();
        found = new ProbeResult(true, "half", 50, ProbeResult.UNKNOWN);
        next();
        next();
        assertThat(watch.weight()).isEqualTo(50);
        assertThat(verdicts).containsExactly(true, true);
    }
}
