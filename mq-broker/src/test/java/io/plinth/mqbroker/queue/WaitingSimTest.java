package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Messages that wait for another try or for others of their group, in a queue with a small window: none is handed out before its time or
 * before the one ahead of it in its group, and none stays behind, over restarts and a lost index.
 */
@Timeout(600)
class WaitingSimTest {
    private static final int SEEDS = Integer.getInteger("waitingsim.seeds", 1);
    private static final int STEPS = 150;
    private static final int DELAY = 1000;

    @TempDir
    Path folder;

    private static final class Expected {
        final int id;
        final @Nullable String group;
        int returns;
        long until;
        boolean held;

        Expected(int id, @Nullable String group) {
            this.id = id;
            this.group = group;
        }
    }

    private record Held(Expected message, ShardCommand.Got got) {}

    private final MutableClock clock = new MutableClock(1_000_000);
    private final TreeMap<Integer, Expected> live = new TreeMap<>();
    private final List<Held> held = new ArrayList<>();
    private int published;

    private EngineDriver open(Path data) throws Exception {
        return new EngineDriver(data, path -> PreallocatedSegmentLog.open(path, 128 << 10), false, 64 << 20, 64, clock);
    }

    @ParameterizedTest
    @CsvSource({"0,true", "3,false", "3,true", "200,true"})
    void noneComesTooSoonAndNoneStaysBehind(int groups, boolean retries) throws Exception {
        for (int seed = 1; seed <= SEEDS; seed++) {
            live.clear();
            held.clear();
            published = 0;
            String name = "seed " + seed + ", " + groups + " groups" + (retries ? ", delayed" : "");
            run(new SplittableRandom(seed), groups, retries, folder.resolve(groups + "-" + retries + "-" + seed), name);
        }
    }

    private void run(SplittableRandom random, int groups, boolean retries, Path data, String name) throws Exception {
        EngineDriver driver = open(data);
        try {
            Map<String, Object> arguments = new HashMap<>();
            arguments.put("x-delivery-limit", 1_000_000);
            if (groups > 0) {
                arguments.put("x-message-groups", true);
            }
            if (retries) {
                arguments.put("x-delayed-retry-min", DELAY);
                arguments.put("x-delayed-retry-multiplier", 1);
            }
            driver.declare("q", new FieldTable(arguments));
            for (int step = 0; step < STEPS; step++) {
                if (random.nextInt(STEPS / 4) == 0) {
                    driver.close();
                    if (random.nextInt(3) == 0) {
                        delete(data.resolve("index"));
                    }
                    driver = open(data);
                    held.forEach(one -> one.message().held = false);
                    held.clear();
                } else {
                    step(driver, random, groups, retries, name + ", step " + step);
                }
            }
            while (!live.isEmpty()) {
                clock.advance(DELAY);
                take(driver, live.size(), name + ", at the end");
                settle(driver, held.size(), random, false, false);
            }
            assertThat(driver.get("q")).as(name).isNull();
            assertThat(driver.length("q")).as(name).isZero();
        } finally {
            driver.close();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void step(EngineDriver driver, SplittableRandom random, int groups, boolean retries, String name)
            throws Exception {
        int kind = random.nextInt(100);
        if (kind < 30) {
            for (int i = random.nextInt(120); i >= 0; i--) {
                String group = groups == 0 || random.nextInt(10) == 0 ? null : "g" + random.nextInt(groups);
                driver.publish(
                        "q", "" + published, group == null ? "none" : "x-message-group", group == null ? "" : group);
                live.put(published, new Expected(published++, group));
            }
        } else if (kind < 65) {
            take(driver, 1 + random.nextInt(random.nextInt(10) == 0 ? 400 : 60), name);
        } else if (kind < 85) {
            settle(driver, 1 + random.nextInt(80), random, true, retries);
        } else if (kind < 99) {
            clock.advance(random.nextInt(DELAY));
        } else {
            int waiting = live.size() - held.size();
            assertThat(driver.purge("q")).as(name).isEqualTo(waiting);
            live.values().removeIf(message -> !message.held);
        }
    }

    private void settle(EngineDriver driver, int most, SplittableRandom random, boolean requeues, boolean retries)
            throws Exception {
        for (int i = 0; i < most && !held.isEmpty(); i++) {
            Held one = held.remove(random.nextInt(held.size()));
            Expected message = one.message();
            message.held = false;
            if (requeues && random.nextInt(3) > 0) {
                message.returns++;
                message.until = retries ? clock.millis() + DELAY : 0;
                driver.settle("q", one.got(), ShardCommand.Outcome.REQUEUE);
            } else {
                live.remove(message.id);
                driver.settle("q", one.got(), ShardCommand.Outcome.ACK);
            }
        }
        // What came back counts from the time as it is now.
        assertThat(driver.length("q")).isEqualTo(live.size() - held.size());
    }

    /** Of each group the first, where it is not handed out. */
    private Map<Integer, Expected> heads() {
        Map<String, Expected> first = new HashMap<>();
        Map<Integer, Expected> heads = new HashMap<>();
        for (Expected message : live.values()) {
            boolean ahead = message.group == null || first.putIfAbsent(message.group, message) == null;
            if (ahead && !message.held && message.until <= clock.millis()) {
                heads.put(message.id, message);
            }
        }
        return heads;
    }

    private void take(EngineDriver driver, int count, String name) throws Exception {
        Map<Integer, Expected> heads = heads();
        List<ShardCommand.Got> all = driver.get("q", count);
        assertThat(all.size()).as(name + " of " + live.size()).isEqualTo(Math.min(count, heads.size()));
        for (ShardCommand.Got got : all) {
            int id = Integer.parseInt(EngineDriver.body(got));
            Expected message = heads.remove(id);
            assertThat(message)
                    .as("%s: %s handed out too soon, twice, or before one of its group", name, id)
                    .isNotNull();
            if (message == null) {
                continue;
            }
            Long told = FieldTable.integer(
                    ContentProperties.headers(got.content().properties()).get("x-delivery-count"));
            assertThat(told == null ? 0 : told)
                    .as("%s: returns of %s", name, id)
                    .isEqualTo(message.returns);
            assertThat(got.redelivered() || message.returns == 0)
                    .as("%s: redelivered %s", name, id)
                    .isTrue();
            message.held = true;
            held.add(new Held(message, got));
        }
    }
}
