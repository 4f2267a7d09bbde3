package io.plinth.mqbroker.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GatheringTest {
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(1);

    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final List<Long> slept = new ArrayList<>();
    private long now = -5_000_000_000L;

    private final Gathering gathering = gathering(INTERVAL);

    private Gathering gathering(long interval) {
        return new Gathering(interval, tasks::add, () -> now, nanos -> {
            slept.add(nanos);
            now += nanos;
        });
    }

    /** 32 messages a millisecond, whatever the loop does; it looks every 250 microseconds where it does not rest. */
    private void flood(long millis) {
        long end = now + TimeUnit.MILLISECONDS.toNanos(millis);
        long last = now;
        while (now < end) {
            now += TimeUnit.MICROSECONDS.toNanos(250);
            gathering.read((int) ((now - last) * 32 / TimeUnit.MILLISECONDS.toNanos(1)));
            last = now;
            work();
        }
    }

    private void work() {
        while (!tasks.isEmpty()) {
            tasks.poll().run();
        }
    }

    /** Clients that wait: reads of so many messages each, so many a second and fewer while the loop rests. */
    private void load(Gathering of, int messages, int readsASecond, long millis) {
        long end = now + TimeUnit.MILLISECONDS.toNanos(millis);
        while (now < end) {
            now += TimeUnit.SECONDS.toNanos(1) / readsASecond;
            of.read(messages);
            work();
        }
    }

    @Test
    void manySmallReadsThatNobodyWaitsForHaveTheLoopRestForTheIntervalAndNoLonger() {
        flood(10_000);

        // It looks a thousand times a second instead of four thousand times.
        assertThat(slept).hasSizeBetween(8_000, 10_000);
        assertThat(slept).allMatch(nanos -> nanos > 0 && nanos <= INTERVAL);
    }

    @Test
    void aRestComesBehindWhatTheReadAndThoseBesideItHaveTheLoopDo() {
        flood(1_000);
        slept.clear();
        List<String> order = new ArrayList<>();
        gathering.read(8);
        tasks.add(() -> order.add("delivery, after " + slept.size() + " rests"));
        gathering.read(8);
        tasks.add(() -> order.add("delivery, after " + slept.size() + " rests"));
        work();

        assertThat(order).containsOnly("delivery, after 0 rests").hasSize(2);
        assertThat(slept).hasSize(1);
    }

    @Test
    void littleSingleOrLargeReadsAndConfirmedPublishesAreServedAtOnce() {
        load(gathering(INTERVAL), 8, 1_000, 3_000);
        load(gathering(INTERVAL), 1, 30_000, 3_000);
        load(gathering(INTERVAL), 100, 2_000, 3_000);
        load(gathering(INTERVAL), 0, 30_000, 3_000);
        load(gathering(0), 8, 4_000, 3_000);

        assertThat(slept).isEmpty();
    }

    @Test
    void whoWaitsForWhatComesOfItsMessagesIsLeftAloneForLongerAndLonger() {
        // 4,000 reads a second, 1,000 while the loop rests.
        long begun = now;
        load(gathering, 8, 4_000, 120_000);

        double resting = slept.stream().mapToLong(nanos -> nanos).sum();
        assertThat(slept).isNotEmpty();
        assertThat(resting / (now - begun)).isLessThan(0.1);
    }

    @Test
    void aLoadThatEndsEndsTheRests() {
        flood(10_000);
        assertThat(slept).isNotEmpty();
        load(gathering, 1, 100, 10_000);
        slept.clear();
        load(gathering, 1, 100, 10_000);

        assertThat(slept).isEmpty();
    }
}
