package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Queues longer than their window: what is between head and tail is in the index only. */
@Timeout(60)
class PagingTest {
    private static final long MEMORY = 64 << 20;
    private static final int WINDOW = 64;
    private static final int MANY = 3000;

    @TempDir
    Path folder;

    private static SegmentLog log(Path path) throws IOException {
        return PreallocatedSegmentLog.open(path, 256 << 10);
    }

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, PagingTest::log, true, MEMORY, WINDOW);
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

    private static void fill(EngineDriver driver, String queue, int from, int to) throws Exception {
        numbers(from, to).forEach(body -> driver.publish(queue, body));
        await(() -> driver.confirmed().contains("" + (to - 1)));
    }

    /** Little more than the window and what was read last is left. */
    private static void awaitPagedOut(EngineDriver driver) throws InterruptedException {
        awaitPagedOut(driver, 0);
    }

    private static void awaitPagedOut(EngineDriver driver, int size) throws InterruptedException {
        await(() -> driver.engine().gauge().used() < 3L * WINDOW * (MessageQueue.ENTRY_BYTES + size));
    }

    private static List<String> bodies(List<ShardCommand.Got> all) {
        return all.stream().map(EngineDriver::body).toList();
    }

    private static ShardCommand.Got got(EngineDriver driver, String queue) throws Exception {
        return Objects.requireNonNull(driver.get(queue));
    }

    @Test
    void whatIsNotInMemoryComesBackInOrderAlsoAfterAStart() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            fill(driver, "q", 0, MANY);
            awaitPagedOut(driver);
            for (int i = 0; i < 1000; i++) {
                ShardCommand.Got got = got(driver, "q");
                assertThat(EngineDriver.body(got)).isEqualTo("" + i);
                assertThat(got.remaining()).isEqualTo(MANY - 1 - i);
                assertThat(got.redelivered()).isFalse();
                driver.settle("q", got, ShardCommand.Outcome.ACK);
            }
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.engine().gauge().used()).isLessThan(3L * WINDOW * MessageQueue.ENTRY_BYTES);
            fill(driver, "q", MANY, MANY + 500);
            assertThat(driver.drain("q")).isEqualTo(numbers(1000, MANY + 500));
        }
    }

    @Test
    void oneThatComesBackGoesBeforeWhatIsNotRead() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            fill(driver, "q", 0, MANY);
            awaitPagedOut(driver);
            List<ShardCommand.Got> held = new ArrayList<>();
            for (int i = 0; i < WINDOW * 2; i++) {
                held.add(got(driver, "q"));
            }
            driver.settle("q", held.get(3), ShardCommand.Outcome.REQUEUE);
            driver.settle("q", held.get(WINDOW), ShardCommand.Outcome.REQUEUE);
            ShardCommand.Got again = got(driver, "q");
            assertThat(EngineDriver.body(again)).isEqualTo("3");
            assertThat(again.redelivered()).isTrue();
            assertThat(EngineDriver.body(got(driver, "q"))).isEqualTo("" + WINDOW);
            assertThat(driver.drain("q")).isEqualTo(numbers(WINDOW * 2, MANY));
        }
    }

    @Test
    void whatIsNotPersistentKeepsItsPlaceBetweenTheOthers() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            for (int i = 0; i < MANY; i++) {
                driver.publish("q", "" + i, 0, i % 3 > 0);
            }
            await(() -> driver.confirmed().contains("" + (MANY - 1)));
            await(() -> driver.engine().gauge().used() < (long) MANY * MessageQueue.ENTRY_BYTES);
            assertThat(bodies(driver.get("q", MANY))).isEqualTo(numbers(0, MANY));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q"))
                    .isEqualTo(numbers(0, MANY).stream()
                            .filter(body -> Integer.parseInt(body) % 3 > 0)
                            .toList());
        }
    }

    @Test
    void aFullQueueGivesUpWhatItHasToReadFirst() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("dead", FieldTable.EMPTY);
            driver.declare(
                    "q",
                    new FieldTable(Map.of(
                            "x-max-length", 1000, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead")));
            fill(driver, "q", 0, 1000);
            awaitPagedOut(driver);
            fill(driver, "q", 1000, 1500);
            await(() -> length(driver, "q") == 1000 && length(driver, "dead") == 500);
            assertThat(driver.drain("q")).isEqualTo(numbers(500, 1500));
            assertThat(driver.drain("dead")).isEqualTo(numbers(0, 500));
        }
    }

    private static long length(EngineDriver driver, String queue) {
        try {
            return driver.length(queue);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatIsPastItsTimeGoesThoughNobodyAsks() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("dead", FieldTable.EMPTY);
            driver.declare(
                    "q",
                    new FieldTable(Map.of(
                            "x-message-ttl", 3000, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead")));
            fill(driver, "q", 0, MANY);
        }
        try (EngineDriver driver = open()) {
            await(() -> length(driver, "dead") >= MANY && length(driver, "q") == 0);
            // On a slow machine some go as the first life ends, and again in the second.
            assertThat(driver.drain("dead").stream().distinct().toList()).isEqualTo(numbers(0, MANY));
        }
    }

    @Test
    void aPurgeTakesWhatIsNotInMemoryAndNothingThatComesLater() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            fill(driver, "q", 0, MANY);
            ShardCommand.Got held = got(driver, "q");
            awaitPagedOut(driver);
            assertThat(driver.purge("q")).isEqualTo(MANY - 1);
            fill(driver, "q", MANY, MANY + 200);
            assertThat(length(driver, "q")).isEqualTo(200);
            driver.settle("q", held, ShardCommand.Outcome.REQUEUE);
            assertThat(length(driver, "q")).isEqualTo(201);
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q").subList(0, 2)).containsExactly("0", "" + MANY);
            assertThat(length(driver, "q")).isZero();
        }
    }

    /** The log of one shard answers no read: queues of another go on, also with what they have to read. */
    @Test
    void aReadThatTakesLongHoldsNoOtherShardsUp() throws Exception {
        int slow = Shards.of("/", "q", Shards.COUNT);
        String stuck = String.format("shard-%02d", slow);
        CountDownLatch released = new CountDownLatch(1);
        Engine.Logs logs = path -> new LogDecorator(log(path)) {
            @Override
            public ByteBuffer read(long position) throws IOException {
                if (path.endsWith(stuck)) {
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                return super.read(position);
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, MEMORY, WINDOW)) {
            String other = EngineDriver.named("other", (slow + 1) % Shards.COUNT);
            driver.declare("q", FieldTable.EMPTY);
            driver.declare(other, FieldTable.EMPTY);
            fill(driver, "q", 0, 1000);
            fill(driver, other, 1000, 2000);
            await(() -> driver.engine().gauge().used() < 6L * WINDOW * MessageQueue.ENTRY_BYTES);
            CompletableFuture<List<ShardCommand.Got>> held = driver.ask("q", 500);
            assertThat(bodies(driver.get(other, 1000))).isEqualTo(numbers(1000, 2000));
            assertThat(held).isNotDone();
            released.countDown();
            assertThat(bodies(held.get(20, TimeUnit.SECONDS))).isEqualTo(numbers(0, 500));
        }
    }

    @Test
    void aDeletedQueueLeavesNoSegmentBehind() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            Path logs =
                    folder.resolve(String.format("shard-%02d", driver.queue("q").shard()));
            for (int i = 0; i < MANY; i++) {
                driver.publish("q", "" + i, 1000);
            }
            await(() -> driver.confirmed().size() == MANY);
            awaitPagedOut(driver, 1000);
            assertThat(count(logs)).isGreaterThan(5);
            assertThat(driver.delete("q")).isEqualTo(MANY);
            await(() -> count(logs) == 1);
            await(() -> driver.engine().gauge().used() == 0);
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
    void whatIsNotInMemoryIsFoundWhereItWasMovedTo() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            String other = EngineDriver.named("other", driver.queue("q").shard());
            driver.declare(other, FieldTable.EMPTY);
            Path logs =
                    folder.resolve(String.format("shard-%02d", driver.queue("q").shard()));
            // Few of a long queue stand between many that go.
            for (int i = 0; i < 4000; i++) {
                driver.publish(i % 20 == 0 ? "q" : other, "" + i, 1000);
            }
            await(() -> driver.confirmed().size() == 4000);
            driver.get(other, 3800).forEach(got -> driver.settle(other, got, ShardCommand.Outcome.ACK));
            await(() -> count(logs) <= 4);
            assertThat(driver.drain("q"))
                    .isEqualTo(
                            IntStream.range(0, 200).mapToObj(i -> "" + i * 20).toList());
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).hasSize(200);
        }
    }
}
