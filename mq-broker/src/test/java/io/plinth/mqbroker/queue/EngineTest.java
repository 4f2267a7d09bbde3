package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EngineTest {
    private static final long MEMORY = 64 << 20;

    @TempDir
    Path folder;

    @TempDir
    Path elsewhere;

    private static SegmentLog log(Path path) throws IOException {
        return PreallocatedSegmentLog.open(path, 1 << 20);
    }

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, EngineTest::log, true, MEMORY);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "" + i).toList();
    }

    private static ShardCommand.Got got(EngineDriver driver) throws Exception {
        return Objects.requireNonNull(driver.get("q"));
    }

    @Test
    void aRestartKeepsQueuesMessagesAndTheirOrder() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", new FieldTable(Map.of("x-max-length", 1000)));
            numbers(0, 100).forEach(body -> driver.publish("q", body));
            await(() -> driver.confirmed().size() == 100);
            for (int i = 0; i < 10; i++) {
                driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
            }
            driver.settle("q", got(driver), ShardCommand.Outcome.REQUEUE);
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.queue("q").arguments().get("x-max-length")).isEqualTo(1000);
            ShardCommand.Got first = got(driver);
            assertThat(EngineDriver.body(first)).isEqualTo("10");
            assertThat(first.redelivered()).isTrue();
            assertThat(got(driver).redelivered()).isFalse();
            assertThat(driver.drain("q")).isEqualTo(numbers(12, 100));
        }
    }

    @Test
    void aLostIndexIsRebuiltFromTheLogs() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            numbers(0, 50).forEach(body -> driver.publish("q", body));
            await(() -> driver.confirmed().size() == 50);
            driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
        }
        try (Stream<Path> files = Files.walk(folder.resolve("index"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEqualTo(numbers(1, 50));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEqualTo(numbers(1, 50));
        }
    }

    @Test
    void aBacklogBeyondMemoryIsReadBackInOrder() throws Exception {
        try (EngineDriver driver = new EngineDriver(folder, EngineTest::log, true, 200_000)) {
            driver.declare("q", FieldTable.EMPTY);
            for (String body : numbers(0, 1000)) {
                driver.publish("q", body, 1000);
            }
            await(() -> driver.confirmed().size() == 1000);
            // What is left in memory is little more than the entries.
            await(() -> driver.engine().gauge().used() < 400_000);
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                ShardCommand.Got got = got(driver);
                seen.add(EngineDriver.body(got));
                driver.settle("q", got, ShardCommand.Outcome.ACK);
            }
            assertThat(seen).isEqualTo(numbers(0, 1000));
            await(() -> driver.engine().gauge().used() == 0);
            assertThat(driver.engine().alarms().blocked()).isEmpty();
        }
    }

    @Test
    void unacknowledgedMessagesKeepTheirContentsOnDiskWhileMemoryIsTight() throws Exception {
        try (EngineDriver driver = new EngineDriver(folder, EngineTest::log, true, 400_000)) {
            driver.declare("q", FieldTable.EMPTY);
            for (String body : numbers(0, 1000)) {
                driver.publish("q", body, 1000);
            }
            await(() -> driver.confirmed().size() == 1000);
            List<ShardCommand.Got> held = driver.get("q", 1000);
            assertThat(held).hasSize(1000);
            await(() -> driver.engine().gauge().used() < 400_000);
            held.forEach(got -> driver.settle("q", got, ShardCommand.Outcome.REQUEUE));
            assertThat(driver.get("q", 1000).stream().map(EngineDriver::body).toList())
                    .isEqualTo(numbers(0, 1000));
        }
    }

    @Test
    void aSlowSyncHoldsTheConfirmAndNotTheConsumer() throws Exception {
        Semaphore mayEnd = new Semaphore(0);
        boolean[] slow = {false};
        Engine.Logs logs = path -> new LogDecorator(log(path)) {
            @Override
            public void sync() throws IOException {
                if (slow[0]) {
                    mayEnd.acquireUninterruptibly();
                }
                super.sync();
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, MEMORY)) {
            driver.declare("q", FieldTable.EMPTY);
            slow[0] = true;
            numbers(0, 100).forEach(body -> driver.publish("q", body));
            assertThat(driver.get("q", 100).stream().map(EngineDriver::body).toList())
                    .isEqualTo(numbers(0, 100));
            assertThat(driver.confirmed()).isEmpty();
            slow[0] = false;
            mayEnd.release(1000);
            await(() -> driver.confirmed().size() == 100);
        }
    }

    @Test
    void aLogThatFailsConfirmsNothingMore(LogWatcher.Expected log) throws Exception {
        log.expect("log write failed");
        boolean[] broken = {false};
        Engine.Logs logs = path -> new LogDecorator(log(path)) {
            @Override
            public long append(ByteBuffer record) throws IOException {
                if (broken[0]) {
                    throw new IOException("No space left on device");
                }
                return super.append(record);
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, MEMORY)) {
            driver.declare("q", FieldTable.EMPTY);
            driver.publish("q", "before");
            await(() -> driver.confirmed().contains("before"));
            broken[0] = true;
            driver.publish("q", "during");
            await(() -> driver.refused().contains("during"));
            driver.publish("q", "after");
            await(() -> driver.refused().contains("after"));
            assertThat(driver.confirmed()).containsExactly("before");
            assertThat(driver.engine().alarms().blocked()).contains("log write failed");
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("before");
        }
    }

    @Test
    void segmentsGoOnceTheirMessagesAreSettled() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            Path logs =
                    folder.resolve(String.format("shard-%02d", driver.queue("q").shard()));
            for (int i = 0; i < 3000; i++) {
                driver.publish("q", "" + i, 1000);
            }
            await(() -> driver.confirmed().size() == 3000);
            assertThat(count(logs)).isGreaterThan(2);
            for (int i = 0; i < 3000; i++) {
                driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
            }
            await(() -> count(logs) == 1);
            driver.publish("q", "last");
            await(() -> driver.confirmed().contains("last"));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("last");
        }
    }

    @Test
    void oneOldMessageDoesNotHoldTheDisk() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            Path logs = logs(driver, "q");
            for (int i = 0; i < 4000; i++) {
                driver.publish("q", "" + i, 1000);
            }
            await(() -> driver.confirmed().size() == 4000);
            long before = count(logs);
            assertThat(before).isGreaterThan(3);
            ShardCommand.Got old = got(driver);
            for (int i = 1; i < 3999; i++) {
                driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
            }
            await(() -> count(logs) <= 2);
            driver.settle("q", old, ShardCommand.Outcome.REQUEUE);
            assertThat(EngineDriver.body(got(driver))).isEqualTo("0");
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("0", "3999");
        }
    }

    private Path logs(EngineDriver driver, String queue) {
        return folder.resolve(String.format("shard-%02d", driver.queue(queue).shard()));
    }

    @Test
    void whatWasConfirmedAfterAnIdleLifeSurvivesAKill() throws Exception {
        for (int life = 0; life < 2; life++) {
            try (EngineDriver driver = open()) {
                driver.declare("q", FieldTable.EMPTY);
                numbers(0, 50).forEach(body -> driver.publish("q", body, 1000));
                await(() -> driver.confirmed().size() == 50);
                for (int i = 0; i < 50; i++) {
                    driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
                }
            }
        }
        try (EngineDriver driver = open()) {
            // With nothing to do it lets go of what is settled.
            await(() -> count(logs(driver, "q")) <= 1);
        }
        Path killed = elsewhere.resolve("killed");
        try (EngineDriver driver = open()) {
            numbers(0, 20).forEach(body -> driver.publish("q", body));
            await(() -> driver.confirmed().size() == 20 && count(logs(driver, "q")) == 1);
            copy(folder, killed);
        }
        try (EngineDriver driver = new EngineDriver(killed, EngineTest::log, true, MEMORY)) {
            assertThat(driver.drain("q")).isEqualTo(numbers(0, 20));
        }
    }

    /** What a kill leaves: the files as they are, while the broker writes. */
    private static void copy(Path from, Path to) throws IOException {
        List<Path> paths;
        try (Stream<Path> all = Files.walk(from)) {
            paths = all.toList();
        }
        for (Path path : paths) {
            try {
                Files.copy(path, to.resolve(from.relativize(path)));
            } catch (NoSuchFileException e) {
                // RocksDB deletes what it no longer needs on a thread of its own.
                assertThat(path.getParent()).endsWithRaw(Path.of("index"));
            }
        }
    }

    private static String named(String prefix, int shard, boolean same) {
        return IntStream.range(0, 1000)
                .mapToObj(i -> prefix + i)
                .filter(name -> (Shards.of("/", name, Shards.COUNT) == shard) == same)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aQueueThatIsNotDurableKeepsWhatADurableOneIsDoneWith() throws Exception {
        try (EngineDriver driver = new EngineDriver(folder, EngineTest::log, true, 200_000)) {
            driver.declare("q", FieldTable.EMPTY);
            String passing = named("passing", driver.queue("q").shard(), true);
            driver.declare(passing, false, FieldTable.EMPTY);
            for (String body : numbers(0, 3000)) {
                driver.publish(List.of(driver.queue("q"), driver.queue(passing)), body, 1000);
            }
            await(() -> driver.confirmed().size() == 3000);
            assertThat(count(logs(driver, "q"))).isGreaterThan(2);
            for (int i = 0; i < 3000; i++) {
                driver.settle("q", got(driver), ShardCommand.Outcome.ACK);
            }
            await(() -> count(logs(driver, "q")) == 1);
            assertThat(driver.drain(passing)).isEqualTo(numbers(0, 3000));
        }
    }

    @Test
    void aDeadLetterWhoseTargetCannotLogItIsFoundAtItsSourceAgain(LogWatcher.Expected log) throws Exception {
        log.expect("log write failed");
        int source = Shards.of("/", "q", Shards.COUNT);
        String target = named("dead", source, false);
        String broken = String.format("shard-%02d", Shards.of("/", target, Shards.COUNT));
        Engine.Logs logs = path -> new LogDecorator(log(path)) {
            @Override
            public long append(ByteBuffer record) throws IOException {
                if (path.endsWith(broken)) {
                    throw new IOException("No space left on device");
                }
                return super.append(record);
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, MEMORY)) {
            driver.declare(target, FieldTable.EMPTY);
            driver.declare(
                    "q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", target)));
            driver.publish("q", "kept");
            await(() -> driver.confirmed().contains("kept"));
            driver.settle("q", got(driver), ShardCommand.Outcome.REJECT);
            await(() -> !driver.engine().alarms().blocked().isEmpty());
            // Behind the answer of the target, on the one loop there is.
            assertThat(driver.get("q")).isNull();
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("kept");
            assertThat(driver.drain(target)).isEmpty();
        }
    }

    @Test
    void aDeadLetterIsThereOnceAndOnlyOnceItsTargetHasRoom(LogWatcher.Expected log) throws Exception {
        log.expect("log write failed");
        log.expect("the log is written again");
        String target = named("dead", Shards.of("/", "q", Shards.COUNT), false);
        String narrow = String.format("shard-%02d", Shards.of("/", target, Shards.COUNT));
        AtomicBoolean full = new AtomicBoolean(true);
        Engine.Logs logs = path -> new LogDecorator(log(path)) {
            @Override
            public long append(ByteBuffer record) throws IOException {
                if (full.get() && path.endsWith(narrow)) {
                    throw noRoom();
                }
                return super.append(record);
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, MEMORY)) {
            driver.declare(target, FieldTable.EMPTY);
            driver.declare(
                    "q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", target)));
            driver.publish("q", "kept");
            await(() -> driver.confirmed().contains("kept"));
            driver.settle("q", got(driver), ShardCommand.Outcome.REJECT);
            await(() -> !driver.engine().alarms().blocked().isEmpty());
            full.set(false);
            await(() -> driver.engine().alarms().blocked().isEmpty());
            driver.publish(target, "behind");
            await(() -> driver.confirmed().contains("behind"));
            assertThat(driver.length("q")).isZero();
            assertThat(driver.refused()).isEmpty();
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEmpty();
            assertThat(driver.drain(target)).containsExactly("kept", "behind");
        }
    }

    private static long count(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aFolderInUseIsRefused() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            org.assertj.core.api.Assertions.assertThatThrownBy(this::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use");
        }
    }
}
