package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many messages that wait, beside a memory limit a part of which their entries would fill: they leave memory and block nobody. */
@Timeout(900)
class WaitingPagingTest {
    private static final int DELAYED = Integer.getInteger("waiting.messages", 20_000);
    private static final int SOME = 6_000;
    private static final int WINDOW = 512;
    /** Of what all entries would take, as a part; what is not in the index yet needs room, too. */
    private static final int PART = 4;

    private static final String KEEPS = "amq.delayed.later";

    @TempDir
    Path folder;

    private final MutableClock clock = new MutableClock(1_000_000);

    private EngineDriver open(int messages, Consumer<Change> follower) throws Exception {
        long memory = Math.max(1 << 20, (long) messages * MessageQueue.ENTRY_BYTES / PART);
        return new EngineDriver(
                folder,
                path -> PreallocatedSegmentLog.open(path, 4 << 20),
                false,
                memory,
                WINDOW,
                clock,
                List.of(follower));
    }

    private EngineDriver open(int messages) throws Exception {
        return open(messages, change -> {});
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static long length(EngineDriver driver, String queue) {
        try {
            return driver.length(queue);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** As a client that waits for some confirms before it goes on. */
    private static void pace(EngineDriver driver, int published) throws InterruptedException {
        if (published % 5000 == 0) {
            await(() -> driver.confirmed().size() == published);
        }
    }

    private static void awaitFew(EngineDriver driver) throws InterruptedException {
        // The window, what little stays of each part, and a page.
        await(() -> driver.engine().gauge().used() < 4L * WINDOW * MessageQueue.ENTRY_BYTES);
    }

    @Test
    void delayedMessagesLeaveMemoryAndComeInTheOrderOfTheirTimes() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        int[] delays = new int[DELAYED];
        long start = clock.millis();
        try (EngineDriver driver = open(DELAYED)) {
            driver.declareDelayed("later");
            driver.declare("due", FieldTable.EMPTY);
            driver.bind("later", "due");
            // What was purged once leaves memory as before.
            driver.publish(KEEPS, "purged", "x-delay", 1_000_000);
            await(() -> driver.confirmed().remove("purged"));
            assertThat(driver.purge(KEEPS)).isOne();
            for (int i = 0; i < DELAYED; i++) {
                delays[i] = 10_000 + random.nextInt(1_000_000);
                driver.publish(KEEPS, "" + i, "x-delay", delays[i]);
                pace(driver, i + 1);
            }
            await(() -> driver.confirmed().size() == DELAYED);
            awaitFew(driver);
            assertThat(driver.length(KEEPS)).isEqualTo(DELAYED);
            assertThat(driver.length("due")).isZero();
        }
        List<Integer> inOrder = IntStream.range(0, DELAYED)
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(i -> delays[i]).thenComparing(i -> i))
                .toList();
        try (EngineDriver driver = open(DELAYED)) {
            int taken = 0;
            while (taken < DELAYED) {
                clock.advance(100_000);
                long gone = clock.millis() - start;
                long due = inOrder.stream().filter(i -> delays[i] <= gone).count();
                await(() -> length(driver, KEEPS) == DELAYED - due);
                int more = (int) (due - taken);
                List<ShardCommand.Got> got = driver.get("due", more + 1);
                assertThat(got.stream().map(one -> Integer.valueOf(EngineDriver.body(one))))
                        .isEqualTo(inOrder.subList(taken, taken + more));
                got.forEach(one -> driver.settle("due", one, ShardCommand.Outcome.ACK));
                taken += more;
            }
            assertThat(driver.length(KEEPS)).isZero();
            await(() -> driver.engine().gauge().used() == 0);
        }
    }

    @Test
    void whatIsPurgedIsSettledWithoutAskingTheIndex() throws Exception {
        List<Effect.Settled> settled = new CopyOnWriteArrayList<>();
        Consumer<Change> follower = change -> {
            if (change.effect() instanceof Effect.Settled effect) {
                settled.add(effect);
            }
        };
        long start = clock.millis();
        try (EngineDriver driver = open(SOME, follower)) {
            driver.declareDelayed("later");
            for (int i = 0; i < SOME; i++) {
                driver.publish(KEEPS, "" + i, "x-delay", 10_000 + i * 7919 % 1_000_000);
                pace(driver, i + 1);
            }
            awaitFew(driver);
            assertThat(driver.purge(KEEPS)).isEqualTo(SOME);
            await(() -> settled.stream().mapToInt(effect -> effect.ids().length).sum() == SOME);
        }
        for (Effect.Settled effect : settled) {
            for (int i = 0; i < effect.ids().length; i++) {
                Effect.Settled.Left left = effect.left(i);
                assertThat(left).isNotNull();
                assertThat(left.until()).isGreaterThanOrEqualTo(start + 10_000);
            }
        }
        try (EngineDriver driver = open(SOME)) {
            assertThat(driver.length(KEEPS)).isZero();
        }
    }

    @Test
    void whatWaitsForAnotherTryLeavesMemory() throws Exception {
        try (EngineDriver driver = open(SOME)) {
            driver.declare(
                    "q", new FieldTable(Map.of("x-delayed-retry-min", 100_000, "x-delayed-retry-multiplier", 1)));
            for (int i = 0; i < SOME; i++) {
                driver.publish("q", "" + i);
                pace(driver, i + 1);
            }
            for (int i = 0; i < SOME; i += 1000) {
                for (ShardCommand.Got got : driver.get("q", 1000)) {
                    driver.settle("q", got, ShardCommand.Outcome.REQUEUE);
                }
                clock.advance(1);
            }
            awaitFew(driver);
            assertThat(driver.length("q")).isEqualTo(SOME);
            assertThat(driver.get("q")).isNull();
        }
        try (EngineDriver driver = open(SOME)) {
            assertThat(driver.get("q")).isNull();
            clock.advance(100_000);
            List<Integer> again = new ArrayList<>();
            for (ShardCommand.Got got : driver.get("q", SOME)) {
                assertThat(got.redelivered()).isTrue();
                again.add(Integer.valueOf(EngineDriver.body(got)));
                driver.settle("q", got, ShardCommand.Outcome.ACK);
            }
            assertThat(again)
                    .containsExactlyInAnyOrderElementsOf(
                            IntStream.range(0, SOME).boxed().toList());
            await(() -> driver.engine().gauge().used() == 0);
        }
    }

    @Test
    void whatWaitsForItsGroupLeavesMemoryAndKeepsItsOrder() throws Exception {
        int groups = 20;
        try (EngineDriver driver = open(SOME)) {
            driver.declare("q", new FieldTable(Map.of("x-message-groups", true)));
            for (int i = 0; i < SOME; i++) {
                // One has more than all others.
                String group = i % 3 > 0 ? "large" : "g" + i % groups;
                driver.publish("q", "" + i, "x-message-group", group);
                pace(driver, i + 1);
            }
            awaitFew(driver);
            ShardCommand.Got large = driver.get("q", 2).get(1);
            assertThat(EngineDriver.body(large)).isEqualTo("1");
            // While one of the large group is out the others go on, wherever they stand.
            assertThat(driver.get("q", groups)).hasSize(groups - 1);
            awaitFew(driver);
        }
        try (EngineDriver driver = open(SOME)) {
            Map<String, Integer> last = new HashMap<>();
            int taken = 0;
            while (taken < SOME) {
                List<ShardCommand.Got> got = driver.get("q", groups + 2);
                assertThat(got).as("after " + taken).isNotEmpty();
                for (ShardCommand.Got one : got) {
                    int i = Integer.parseInt(EngineDriver.body(one));
                    String group = i % 3 > 0 ? "large" : "g" + i % groups;
                    assertThat(i).isGreaterThan(last.getOrDefault(group, -1));
                    last.put(group, i);
                    driver.settle("q", one, ShardCommand.Outcome.ACK);
                    taken++;
                }
            }
            assertThat(driver.length("q")).isZero();
            await(() -> driver.engine().gauge().used() == 0);
        }
    }
}
