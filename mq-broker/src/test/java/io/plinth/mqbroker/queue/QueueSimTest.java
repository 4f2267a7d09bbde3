package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A queue with a small window does, step by step, what a list in memory would, over restarts and a lost index. */
@Timeout(600)
class QueueSimTest {
    private static final int SEEDS = Integer.getInteger("queuesim.seeds", 3);
    private static final int STEPS = 600;

    @TempDir
    Path folder;

    private static final class Expected {
        final int id;
        final int priority;
        boolean redelivered;

        Expected(int id, int priority) {
            this.id = id;
            this.priority = priority;
        }
    }

    private record Held(Expected message, ShardCommand.Got got) {}

    private final List<Expected> ready = new ArrayList<>();
    private final List<Held> held = new ArrayList<>();
    private int published;
    private int deliveredUpTo;

    private EngineDriver open(Path data) throws Exception {
        return new EngineDriver(data, path -> PreallocatedSegmentLog.open(path, 128 << 10), false, 64 << 20, 64);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void itDoesWhatAListWould(int maxPriority) throws Exception {
        for (int seed = 1; seed <= SEEDS; seed++) {
            ready.clear();
            held.clear();
            published = 0;
            deliveredUpTo = -1;
            run(new SplittableRandom(seed), maxPriority, folder.resolve(maxPriority + "-" + seed), "seed " + seed);
        }
    }

    private void run(SplittableRandom random, int maxPriority, Path data, String name) throws Exception {
        EngineDriver driver = open(data);
        try {
            driver.declare(
                    "q", maxPriority == 0 ? FieldTable.EMPTY : new FieldTable(Map.of("x-max-priority", maxPriority)));
            for (int step = 0; step < STEPS; step++) {
                if (random.nextInt(STEPS / 3) == 0) {
                    driver.close();
                    driver = open(data);
                    restarted();
                } else {
                    step(driver, random, maxPriority, name + ", step " + step);
                }
            }
            take(driver, ready.size(), name + ", at the end");
            assertThat(driver.get("q")).as(name).isNull();
        } finally {
            driver.close();
        }
    }

    private void restarted() {
        held.forEach(one -> ready.add(one.message()));
        held.clear();
        ready.forEach(message -> message.redelivered = message.id <= deliveredUpTo);
    }

    private void step(EngineDriver driver, SplittableRandom random, int maxPriority, String name) throws Exception {
        int kind = random.nextInt(100);
        if (kind < 35) {
            for (int i = random.nextInt(120); i >= 0; i--) {
                int priority = random.nextInt(maxPriority + 1);
                driver.publish("q", "" + published, priority, true);
                ready.add(new Expected(published++, priority));
            }
        } else if (kind < 75) {
            take(driver, 1 + random.nextInt(random.nextInt(10) == 0 ? 600 : 60), name);
        } else if (kind < 99) {
            for (int i = random.nextInt(60); i >= 0 && !held.isEmpty(); i--) {
                Held one = held.remove(random.nextInt(held.size()));
                boolean back = random.nextInt(3) == 0;
                driver.settle("q", one.got(), back ? ShardCommand.Outcome.REQUEUE : ShardCommand.Outcome.ACK);
                if (back) {
                    one.message().redelivered = true;
                    ready.add(one.message());
                }
            }
        } else {
            assertThat(driver.purge("q")).as(name).isEqualTo(ready.size());
            ready.clear();
        }
    }

    private void take(EngineDriver driver, int count, String name) throws Exception {
        ready.sort(Comparator.<Expected>comparingInt(message -> -message.priority)
                .thenComparingInt(message -> message.id));
        List<Expected> next = ready.subList(0, Math.min(count, ready.size()));
        List<ShardCommand.Got> all = driver.get("q", count);
        assertThat(all).as(name).hasSameSizeAs(next);
        int left = ready.size();
        for (int i = 0; i < next.size(); i++) {
            Expected message = next.get(i);
            ShardCommand.Got got = all.get(i);
            assertThat(EngineDriver.body(got)).as(name).isEqualTo("" + message.id);
            assertThat(got.redelivered())
                    .as(name + ": redelivered " + message.id)
                    .isEqualTo(message.redelivered);
            assertThat(got.remaining()).as(name).isEqualTo(--left);
            deliveredUpTo = Math.max(deliveredUpTo, message.id);
            held.add(new Held(message, got));
        }
        next.clear();
    }
}
