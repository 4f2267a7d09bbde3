package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a stream that takes nothing holds up, and for how long. */
@Timeout(120)
class StreamFailureTest {
    private static final FieldTable STREAM = new FieldTable(Map.of("x-queue-type", "stream"));
    private static final FieldTable TO_STREAM =
            new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "s"));
    private static final int REJECTED = DeadLetters.MOST + 100;

    @TempDir
    Path folder;

    private final NarrowLogs logs = new NarrowLogs(1 << 20);

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

    /** Publishes so many and five, has the stream fail, and rejects so many. */
    private void reject(EngineDriver driver) throws Exception {
        driver.declare("s", STREAM);
        driver.declare("q", TO_STREAM);
        for (int i = 0; i < REJECTED + 5; i++) {
            driver.publish("q", "" + i);
        }
        driver.publish("s", "before");
        await(() -> driver.confirmed().size() == REJECTED + 6);
        logs.full(0, path -> {
            if (path.toString().contains("streams")) {
                throw new IllegalStateException("the disk is gone");
            }
            return false;
        });
        driver.publish("s", "refused");
        await(() -> driver.refused().contains("refused"));
        for (int left = REJECTED; left > 0; left -= 100) {
            List<ShardCommand.Got> some = driver.get("q", 100);
            assertThat(some).hasSize(100);
            some.forEach(got -> driver.settle("q", got, ShardCommand.Outcome.REJECT));
        }
    }

    @Test
    void aQueueGoesOnWhoseDeadLettersAStreamThatFailedDoesNotTake(LogWatcher.Expected watched) throws Exception {
        watched.expect("takes nothing any more");
        try (EngineDriver driver = open()) {
            reject(driver);
            Alarms alarms = driver.engine().alarms();
            assertThat(alarms.blocked()).isEqualTo("stream failed");
            assertThat(alarms.failedStreams()).containsExactly(driver.queue("s").toString());
            assertThat(driver.get("q", 5)).hasSize(5);
            assertThat(driver.get("q")).isNull();
            logs.roomy();
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.engine().alarms().blocked()).isEmpty();
            assertThat(driver.drain("q")).hasSize(REJECTED + 5);
        }
    }

    @Test
    void withTheStreamGoesTheAlarmAndWhatWaitsForIt(LogWatcher.Expected watched) throws Exception {
        watched.expect("takes nothing any more");
        try (EngineDriver driver = open()) {
            reject(driver);
            assertThat(driver.drain("q")).hasSize(5);
            driver.delete("s");
            assertThat(driver.engine().alarms().blocked()).isEmpty();
            assertThat(driver.engine().alarms().failedStreams()).isEmpty();
            // No more than what is handed out.
            await(() -> driver.engine().gauge().used() < 20_000);
            logs.roomy();
        }
    }

    private static List<String> read(EngineDriver driver) {
        try {
            return driver.read("s", 1, 10);
        } catch (Exception e) {
            return List.of(e.toString());
        }
    }

    @Test
    void aStreamThatCannotBeOpenedIsTriedAgain(LogWatcher.Expected watched) throws Exception {
        watched.expect("cannot be opened, which is tried again");
        try (EngineDriver driver = open()) {
            driver.declare("s", STREAM);
            driver.publish("s", "one");
            await(() -> driver.confirmed().contains("one"));
        }
        logs.closed(true);
        try (EngineDriver driver = open()) {
            await(() -> driver.engine().alarms().is(Alarms.Reason.STREAM));
            driver.publish("s", "refused");
            await(() -> driver.refused().contains("refused"));
            CompletableFuture<List<String>> read = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> read.complete(read(driver)));
            logs.closed(false);
            // Its reader waits, and begins where the stream begins.
            assertThat(read.get(60, TimeUnit.SECONDS)).containsExactly("one");
            assertThat(driver.engine().alarms().blocked()).isEmpty();
            assertThat(driver.refused()).containsExactly("refused");
            driver.publish("s", "two");
            await(() -> driver.confirmed().contains("two"));
            assertThat(driver.length("s")).isEqualTo(2);
        }
    }
}
