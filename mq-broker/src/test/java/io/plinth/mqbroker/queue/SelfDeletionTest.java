package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Queues that delete themselves while that cannot be stored: behind a restart they are as they were, or not at all. */
@Timeout(120)
class SelfDeletionTest {
    @TempDir
    Path folder;

    private final NarrowLogs logs = new NarrowLogs(128 << 10);

    @BeforeEach
    void expect(LogWatcher.Expected watched) {
        watched.expect("log write failed");
    }

    private static boolean definitions(Path folder) {
        return folder.endsWith("definitions");
    }

    private static boolean all(Path folder) {
        return true;
    }

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, logs, true, 64 << 20);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static void autoDelete(EngineDriver driver) throws Exception {
        driver.define(new DefinitionCommand.DeclareQueue("auto", true, true, null, FieldTable.EMPTY));
        fill(driver, "auto");
    }

    private static void fill(EngineDriver driver, String queue) throws InterruptedException {
        driver.publish(queue, "one");
        driver.publish(queue, "two");
        await(() -> driver.confirmed().size() == 2);
        driver.confirmed().clear();
    }

    private void goesWhileNothingIsStored(Predicate<Path> where) throws Exception {
        try (EngineDriver driver = open()) {
            autoDelete(driver);
            logs.full(0, where);
            driver.useOnce("auto", "c");
            await(() -> driver.topology().queue("auto") == null);
        }
        logs.roomy();
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("auto")).as("all of it").containsExactly("one", "two");
            driver.useOnce("auto", "c");
            await(() -> driver.topology().queue("auto") == null);
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.topology().queue("auto")).isNull();
        }
    }

    @Test
    void oneThatGoesWhileTheDefinitionsAreFullIsThereAgainWithItsMessages() throws Exception {
        goesWhileNothingIsStored(SelfDeletionTest::definitions);
    }

    @Test
    void oneThatGoesWhileTheDiskIsFullIsThereAgainWithItsMessages() throws Exception {
        goesWhileNothingIsStored(SelfDeletionTest::all);
    }

    @Test
    void oneThatGoesWhileTheDefinitionsHaveFailedIsThereAgainWithItsMessages() throws Exception {
        goesWhileNothingIsStored(path -> {
            if (definitions(path)) {
                throw new IllegalStateException("the disk is gone");
            }
            return false;
        });
    }

    @Test
    void oneThatIsNotUsedIsThereAgainAndGoesAgain() throws Exception {
        FieldTable expires = new FieldTable(Map.of("x-expires", 500));
        try (EngineDriver driver = open()) {
            driver.declare("unused", expires);
            fill(driver, "unused");
            logs.full(0, SelfDeletionTest::definitions);
            await(() -> driver.topology().queue("unused") == null);
        }
        logs.roomy();
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("unused")).containsExactly("one", "two");
            await(() -> driver.topology().queue("unused") == null);
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.topology().queue("unused")).isNull();
        }
    }

    @Test
    void anExclusiveOneLeavesNothing() throws Exception {
        try (EngineDriver driver = open()) {
            driver.define(new DefinitionCommand.DeclareQueue("mine", true, false, driver, FieldTable.EMPTY));
            fill(driver, "mine");
            logs.full(0, SelfDeletionTest::all);
            driver.submit(
                    driver.queue("mine").shard(),
                    List.of(new ShardCommand.Discard(driver.queue("mine").id(), () -> {})));
            await(() -> driver.topology().queue("mine") == null);
        }
        logs.roomy();
        try (EngineDriver driver = open()) {
            assertThat(driver.topology().queue("mine")).isNull();
            assertThat(driver.engine().alarms().blocked()).isEmpty();
        }
    }

    @Test
    void whatItHeldIsDroppedOnceItsDeletionIsStored() throws Exception {
        try (EngineDriver driver = open()) {
            autoDelete(driver);
            QueueRef auto = driver.queue("auto");
            assertThat(held(driver, auto)).isTrue();
            logs.full(0, SelfDeletionTest::definitions);
            driver.useOnce("auto", "c");
            await(() -> driver.topology().queue("auto") == null);
            assertThat(held(driver, auto)).isTrue();
            logs.roomy();
            await(() -> !held(driver, auto));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.topology().queue("auto")).isNull();
        }
    }

    /** Whether the log has messages of it. */
    private static boolean held(EngineDriver driver, QueueRef queue) {
        return driver.engine().segments(queue.shard()).join().stream()
                .anyMatch(segment -> segment.live().containsKey(queue.id()));
    }
}
