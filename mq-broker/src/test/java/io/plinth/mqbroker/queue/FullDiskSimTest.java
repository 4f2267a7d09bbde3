package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.index.SegmentReport;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A shard's disk is full again and again, sometimes with room for a few records, while its queues are used at random: in the end each holds
 * what was confirmed and not settled, once, and no segment is held by anything else.
 */
@Timeout(600)
class FullDiskSimTest {
    private static final int SEEDS = Integer.getInteger("fulldisk.seeds", 1);
    private static final int EPISODES = 5;
    private static final int SHARD = 3;
    private static final List<String> QUEUES = List.of(
            EngineDriver.named("plain", SHARD), EngineDriver.named("ranked", SHARD), EngineDriver.named("back", SHARD));

    @TempDir
    Path folder;

    private final Map<String, Map<String, ShardCommand.Got>> held = new LinkedHashMap<>();
    private final Map<String, TreeMap<Integer, String>> published = new LinkedHashMap<>();
    private int count;

    @Test
    void aFullDiskLosesNothingAndHoldsNothing(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        for (int seed = 1; seed <= SEEDS; seed++) {
            run(new SplittableRandom(seed), folder.resolve("" + seed), "seed " + seed);
        }
    }

    private void run(SplittableRandom random, Path data, String name) throws Exception {
        held.clear();
        published.clear();
        count = 0;
        NarrowLogs logs = new NarrowLogs(128 << 10);
        try (EngineDriver driver = new EngineDriver(data, logs, true, 64 << 20, 64)) {
            driver.declare(QUEUES.get(0), FieldTable.EMPTY);
            driver.declare(QUEUES.get(1), new FieldTable(Map.of("x-max-priority", 3)));
            driver.declare(QUEUES.get(2), new FieldTable(Map.of("x-delivery-limit", 1000)));
            for (String queue : QUEUES) {
                held.put(queue, new LinkedHashMap<>());
                published.put(queue, new TreeMap<>());
            }
            for (int episode = 0; episode < EPISODES; episode++) {
                use(driver, random, 40);
                // None, or some that may be used up amid what waits.
                int few = random.nextInt(3) * random.nextInt(40);
                logs.full(few, path -> path.endsWith(NarrowLogs.folder(QUEUES.getFirst())));
                use(driver, random, 60);
                if (random.nextBoolean()) {
                    // Long enough for a try, which may get half way.
                    logs.full(random.nextInt(20), path -> path.endsWith(NarrowLogs.folder(QUEUES.getFirst())));
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(700));
                    use(driver, random, 20);
                }
                logs.roomy();
                await(
                        () -> driver.confirmed().size() + driver.refused().size() == count
                                && driver.engine().alarms().blocked().isEmpty(),
                        name);
            }
            driver.refused().forEach(this::forget);
        }
        try (EngineDriver driver = new EngineDriver(data, logs, true, 64 << 20, 64)) {
            for (String queue : QUEUES) {
                List<ShardCommand.Got> all = driver.get(queue, count);
                assertThat(all.stream().map(EngineDriver::body).sorted().toList())
                        .as("%s, %s", name, queue)
                        .isEqualTo(published(queue).values().stream().sorted().toList());
                all.forEach(got -> driver.settle(queue, got, ShardCommand.Outcome.ACK));
            }
            // Settled in the log too, so nothing holds a segment.
            await(() -> report(driver).stream().allMatch(each -> each.live().isEmpty()), name);
            await(() -> report(driver).size() == 1, name);
        }
    }

    private static List<SegmentReport> report(EngineDriver driver) {
        return driver.engine().segments(SHARD).orTimeout(20, TimeUnit.SECONDS).join();
    }

    private TreeMap<Integer, String> published(String queue) {
        return java.util.Objects.requireNonNull(published.get(queue));
    }

    private Map<String, ShardCommand.Got> held(String queue) {
        return java.util.Objects.requireNonNull(held.get(queue));
    }

    private void forget(String body) {
        published.values().forEach(bodies -> bodies.values().remove(body));
    }

    private void use(EngineDriver driver, SplittableRandom random, int steps) throws Exception {
        for (int step = 0; step < steps; step++) {
            String queue = QUEUES.get(random.nextInt(QUEUES.size()));
            switch (random.nextInt(4)) {
                case 0 -> publish(driver, random, queue);
                case 1 -> {
                    for (ShardCommand.Got got : driver.get(queue, 1 + random.nextInt(20))) {
                        held(queue).put(EngineDriver.body(got), got);
                    }
                }
                default -> settle(driver, random, queue);
            }
        }
    }

    private void publish(EngineDriver driver, SplittableRandom random, String queue) {
        for (int i = random.nextInt(8); i >= 0; i--) {
            String body = "m" + count++;
            published(queue).put(count, body);
            if (queue.equals(QUEUES.get(1))) {
                driver.publish(queue, body, random.nextInt(4), true);
            } else if (random.nextInt(4) == 0) {
                String other = QUEUES.get(random.nextInt(2) * 2);
                if (!other.equals(queue)) {
                    published(other).put(count, body);
                }
                List<QueueRef> both = other.equals(queue)
                        ? List.of(driver.queue(queue))
                        : List.of(driver.queue(queue), driver.queue(other));
                driver.publish(both, body, random.nextInt(3000));
            } else {
                driver.publish(queue, body, random.nextInt(6000));
            }
        }
    }

    private void settle(EngineDriver driver, SplittableRandom random, String queue) {
        List<String> bodies = new ArrayList<>(held(queue).keySet());
        for (int i = random.nextInt(10); i >= 0 && !bodies.isEmpty(); i--) {
            String body = bodies.remove(random.nextInt(bodies.size()));
            ShardCommand.Got got = java.util.Objects.requireNonNull(held(queue).remove(body));
            boolean back = random.nextInt(4) == 0;
            driver.settle(queue, got, back ? ShardCommand.Outcome.REQUEUE : ShardCommand.Outcome.ACK);
            if (!back) {
                published(queue).values().remove(body);
            }
        }
    }

    private static void await(BooleanSupplier condition, String name) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("%s: deadline", name).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
