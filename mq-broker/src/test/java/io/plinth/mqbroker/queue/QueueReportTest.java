package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What management is told of a queue. */
@Timeout(120)
class QueueReportTest {
    @TempDir
    Path folder;

    private final NarrowLogs logs = new NarrowLogs(1 << 20);

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, logs, true, 64 << 20);
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void theTimeOfAFirstMessageThatIsNotInMemoryIsReadBack() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            driver.publishDated("q", "first", 1_700_000_001);
            driver.publishDated("q", "second", 1_700_000_002);
            driver.publish("q", "without");
            await(() -> driver.confirmed().size() == 3);
            assertThat(driver.report("q").headTimestamp()).isEqualTo(1_700_000_001);
        }
        try (EngineDriver driver = open()) {
            // Of a queue that nobody asks the first entry is read at once, its content never.
            await(() -> driver.report("q").headTimestamp() == 1_700_000_001);
            long memory = driver.engine().gauge().used();
            assertThat(driver.report("q").headTimestamp()).isEqualTo(1_700_000_001);
            assertThat(driver.engine().gauge().used()).as("nothing is kept").isEqualTo(memory);
            driver.get("q", 1);
            await(() -> driver.report("q").headTimestamp() == 1_700_000_002);
            driver.get("q", 1);
            await(() -> driver.report("q").headTimestamp() == -1);
        }
    }

    @Test
    void aQueueWhoseLogIsFullIsHeldUpAndOneWhoseLogFailedIsDown(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            String passing = EngineDriver.named("passing", driver.queue("q").shard());
            driver.declare(passing, false, FieldTable.EMPTY);
            assertThat(driver.report("q").state()).isEqualTo(QueueReport.State.RUNNING);
            logs.full(NarrowLogs.folder("q"));
            driver.publish("q", "filling");
            await(() -> driver.report("q").state() == QueueReport.State.FLOW);
            assertThat(driver.report(passing).state()).isEqualTo(QueueReport.State.RUNNING);
            logs.roomy();
            await(() -> driver.report("q").state() == QueueReport.State.RUNNING);
            logs.full(0, path -> {
                throw new IllegalStateException("the disk is gone");
            });
            driver.publish("q", "failing");
            await(() -> driver.report("q").state() == QueueReport.State.CRASHED);
            assertThat(driver.report(passing).state()).isEqualTo(QueueReport.State.RUNNING);
            logs.roomy();
        }
    }

    @Test
    void aQueueWhoseDeadLettersFindNoRoomIsHeldUp(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        try (EngineDriver driver = open()) {
            int shard = (Shards.of("/", "q", Shards.COUNT) + 1) % Shards.COUNT;
            String dead = EngineDriver.named("dead", shard);
            driver.declare(dead, FieldTable.EMPTY);
            driver.declare(
                    "q",
                    new FieldTable(Map.of(
                            "x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead, "x-message-ttl", 1)));
            logs.full(NarrowLogs.folder(dead));
            for (int i = 0; i < DeadLetters.MOST + 1; i++) {
                driver.publish("q", "" + i);
            }
            await(() -> driver.report("q").state() == QueueReport.State.FLOW);
            logs.roomy();
            await(() -> driver.report("q").state() == QueueReport.State.RUNNING);
        }
    }
}
