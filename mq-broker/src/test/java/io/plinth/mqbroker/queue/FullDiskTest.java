package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a disk without room holds up, and what it does not cost once it has some. */
@Timeout(120)
class FullDiskTest {
    private static final String DEAD = EngineDriver.named("dead", (Shards.of("/", "q", Shards.COUNT) + 1) % 16);
    private static final String BESIDE = EngineDriver.named("beside", (Shards.of("/", "q", Shards.COUNT) + 2) % 16);

    @TempDir
    Path folder;

    private final NarrowLogs logs = new NarrowLogs(1 << 20);

    @BeforeEach
    void expect(LogWatcher.Expected watched) {
        watched.expect("log write failed");
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

    private static long length(EngineDriver driver, String queue) {
        try {
            return driver.length(queue);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static boolean blocked(EngineDriver driver) {
        return !driver.engine().alarms().blocked().isEmpty();
    }

    /** Has a shard find out that it has no room. */
    private static void fill(EngineDriver driver, String queue) throws Exception {
        driver.publish(queue, "filling");
        await(() -> blocked(driver));
        // Behind the word of the log, on the one loop there is.
        driver.length(queue);
    }

    @Test
    void whoMeetsAFullDiskIsAnsweredOnceThereIsRoomAndIsThereOnce() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            logs.full(NarrowLogs.folder("q"));
            driver.publish("q", "meets it");
            await(() -> blocked(driver));
            driver.length("q");
            driver.publish("q", "behind");
            await(() -> driver.refused().contains("behind"));
            assertThat(driver.confirmed()).isEmpty();
            assertThat(driver.refused()).containsExactly("behind");
            logs.roomy();
            await(() -> driver.confirmed().contains("meets it"));
            await(() -> !blocked(driver));
            driver.publish("q", "after");
            await(() -> driver.confirmed().contains("after"));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("meets it", "after");
        }
    }

    @Test
    void aLogThatFailsForGoodWhileItIsFullRefusesWhatWaited() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            logs.full(NarrowLogs.folder("q"));
            fill(driver, "q");
            assertThat(driver.refused()).isEmpty();
            logs.full(0, path -> {
                throw new IllegalStateException("the disk is gone");
            });
            await(() -> driver.refused().contains("filling"));
            assertThat(blocked(driver)).isTrue();
            logs.roomy();
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEmpty();
        }
    }

    @Test
    void aDuplicateIsNotConfirmedOnTheWordOfOneThatWaits() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", new FieldTable(Map.of("x-message-deduplication", true)));
            logs.full(NarrowLogs.folder("q"));
            // Together: once the shard knows that there is no room it takes neither.
            driver.publish("q", List.of("one", "two"), "x-deduplication-header", "key");
            await(() -> blocked(driver));
            driver.length("q");
            driver.publish("q", "three", "x-deduplication-header", "key");
            await(() -> driver.refused().contains("three"));
            assertThat(driver.confirmed()).isEmpty();
            logs.roomy();
            await(() -> driver.confirmed().size() == 2);
            await(() -> !blocked(driver));
            driver.publish("q", "four", "x-deduplication-header", "key");
            await(() -> driver.confirmed().contains("four"));
            assertThat(driver.length("q")).isEqualTo(1);
        }
    }

    @Test
    void aDeadLetterIsSentAgainToThoseThatDoNotHaveIt() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare(DEAD, FieldTable.EMPTY);
            driver.declare(BESIDE, FieldTable.EMPTY);
            driver.declare("q", new FieldTable(Map.of("x-dead-letter-exchange", "")));
            driver.publish("q", "kept", "CC", List.of(DEAD, BESIDE));
            await(() -> driver.confirmed().contains("kept"));
            logs.full(NarrowLogs.folder(DEAD));
            fill(driver, DEAD);
            driver.settle("q", driver.get("q", 1).getFirst(), ShardCommand.Outcome.REJECT);
            await(() -> length(driver, BESIDE) == 1);
            logs.roomy();
            await(() -> length(driver, DEAD) == 2);
            driver.publish(DEAD, "fence");
            await(() -> driver.confirmed().contains("fence"));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEmpty();
            assertThat(driver.drain(DEAD)).containsExactly("filling", "kept", "fence");
            assertThat(driver.drain(BESIDE)).containsExactly("kept");
        }
    }

    @Test
    void aDeadLetterIsSentToWhoTakesItWhateverElseIsFull() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare(DEAD, FieldTable.EMPTY);
            driver.declare(BESIDE, FieldTable.EMPTY);
            driver.declare("q", new FieldTable(Map.of("x-dead-letter-exchange", "")));
            driver.publish("q", "kept", "CC", List.of(DEAD, BESIDE));
            await(() -> driver.confirmed().contains("kept"));
            logs.full(0, path -> path.endsWith(NarrowLogs.folder(DEAD)) || path.endsWith(NarrowLogs.folder(BESIDE)));
            fill(driver, DEAD);
            driver.publish(BESIDE, "filling too");
            await(() -> driver.engine().alarms().logFailed(driver.queue(BESIDE).shard()));
            driver.length(BESIDE);
            driver.settle("q", driver.get("q", 1).getFirst(), ShardCommand.Outcome.REJECT);
            driver.length("q");
            logs.full(NarrowLogs.folder(DEAD));
            await(() -> length(driver, BESIDE) == 2);
            assertThat(length(driver, DEAD)).isEqualTo(1);
            logs.roomy();
            await(() -> length(driver, DEAD) == 2);
        }
    }

    @Test
    void whatIsRefusedForWantOfRoomHasSentNoDeadLetter() throws Exception {
        try (EngineDriver driver = open()) {
            String other = EngineDriver.named("other", Shards.of("/", "q", Shards.COUNT));
            driver.declare(DEAD, FieldTable.EMPTY);
            driver.declare(other, FieldTable.EMPTY);
            driver.declare(
                    "q",
                    new FieldTable(Map.of(
                            "x-max-length",
                            1,
                            "x-overflow",
                            "reject-publish-dlx",
                            "x-dead-letter-exchange",
                            "",
                            "x-dead-letter-routing-key",
                            DEAD)));
            driver.publish("q", "first");
            await(() -> driver.confirmed().contains("first"));
            logs.full(NarrowLogs.folder("q"));
            fill(driver, other);
            driver.publish(List.of(driver.queue("q"), driver.queue(other)), "refused", 0);
            await(() -> driver.refused().contains("refused"));
            // Behind the letter, were there one, on the one loop there is.
            driver.length("q");
            assertThat(length(driver, DEAD)).isZero();
            logs.roomy();
        }
    }

    @Test
    void allThatCouldNotStoreAMessageAreNamed() throws Exception {
        try (EngineDriver driver = open()) {
            String other = EngineDriver.named("other", Shards.of("/", "q", Shards.COUNT));
            String passing = EngineDriver.named("passing", Shards.of("/", "q", Shards.COUNT));
            driver.declare("q", FieldTable.EMPTY);
            driver.declare(other, FieldTable.EMPTY);
            driver.declare(passing, false, FieldTable.EMPTY);
            logs.full(NarrowLogs.folder("q"));
            CompletableFuture<List<QueueRef>> unstored = new CompletableFuture<>();
            List<QueueRef> queues = List.of(driver.queue("q"), driver.queue(passing), driver.queue(other));
            driver.publish(queues, "nowhere", new Receipt() {
                @Override
                public void complete(Shard shard, boolean ok) {
                    unstored.completeExceptionally(new AssertionError("stored: " + ok));
                }

                @Override
                public void unstored(Shard shard, List<QueueRef> missing) {
                    unstored.complete(missing);
                }
            });
            await(() -> blocked(driver));
            logs.full(0, path -> {
                throw new IllegalStateException("the disk is gone");
            });
            assertThat(unstored.get(60, TimeUnit.SECONDS)).containsExactly(driver.queue("q"), driver.queue(other));
            logs.roomy();
        }
    }

    @Test
    void aDeadLetterToAStreamWithoutRoomWaitsForIt() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("s", new FieldTable(Map.of("x-queue-type", "stream")));
            driver.declare("q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "s")));
            driver.publish("q", "kept");
            driver.publish("s", "before");
            await(() -> driver.confirmed().size() == 2);
            logs.full(0, path -> path.toString().contains("streams"));
            driver.settle("q", driver.get("q", 1).getFirst(), ShardCommand.Outcome.REJECT);
            await(() -> blocked(driver));
            driver.publish("s", "refused");
            driver.publish("s", "refused too");
            await(() -> driver.refused().containsAll(List.of("refused", "refused too")));
            assertThat(logs.turnedAway()).as("tries").isEqualTo(1);
            logs.roomy();
            await(() -> !blocked(driver));
            assertThat(driver.read("s", 2, 10)).containsExactly("before", "kept");
            await(() -> driver.engine().gauge().used() == 0);
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).isEmpty();
        }
    }

    @Test
    void soManyRejectedMessagesWaitAndTheirContentsNotInMemory() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare(DEAD, FieldTable.EMPTY);
            driver.declare(
                    "q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", DEAD)));
            List<String> bodies = IntStream.range(0, 1200).mapToObj(i -> "" + i).toList();
            bodies.forEach(body -> driver.publish("q", body, 1000));
            await(() -> driver.confirmed().size() == 1200);
            logs.full(NarrowLogs.folder(DEAD));
            fill(driver, DEAD);
            for (int i = 0; i < 10; i++) {
                driver.get("q", 100).forEach(got -> driver.settle("q", got, ShardCommand.Outcome.REJECT));
            }
            CompletableFuture<List<ShardCommand.Got>> next = driver.ask("q", 1);
            await(() -> driver.engine().gauge().used() < 200 * 1500 + 1001 * 200);
            assertThat(driver.length("q")).isEqualTo(200);
            assertThat(next).isNotDone();
            logs.roomy();
            assertThat(EngineDriver.body(next.get(60, TimeUnit.SECONDS).getFirst()))
                    .isEqualTo("1000");
            await(() -> length(driver, DEAD) == 1001);
            driver.publish(DEAD, "fence");
            await(() -> driver.confirmed().contains("fence"));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.get(DEAD, 1100)).hasSize(1002);
            assertThat(driver.get("q", 300)).hasSize(200);
        }
    }

    @Test
    void aQueueWhoseDeletionCannotBeStoredIsGoneAndItsNameIsNotGivenBefore() throws Exception {
        try (EngineDriver driver = open()) {
            driver.define(new DefinitionCommand.DeclareExchange("x", "fanout", true, true, false, FieldTable.EMPTY));
            driver.declare("q", FieldTable.EMPTY);
            driver.define(new DefinitionCommand.Bind("x", true, "q", "", FieldTable.EMPTY, driver));
            driver.publish("q", "goes");
            await(() -> driver.confirmed().contains("goes"));
            logs.full("definitions");
            CompletableFuture<Long> deleted = driver.settleAndDelete("q", List.of(), ShardCommand.Outcome.ACK);
            await(() -> driver.topology().queue("q") == null);
            await(() -> driver.topology().exchange("x") == null);
            assertThatThrownBy(() -> driver.declare("q", FieldTable.EMPTY))
                    .isInstanceOf(AmqpException.class)
                    .hasMessageContaining("cannot be stored");
            assertThat(deleted).isNotDone();
            logs.roomy();
            assertThat(deleted.get(60, TimeUnit.SECONDS)).isEqualTo(1);
            driver.declare("q", FieldTable.EMPTY);
            driver.publish("q", "stays");
            await(() -> driver.confirmed().contains("stays"));
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("stays");
            assertThat(driver.topology().exchange("x")).isNull();
        }
    }

    @Test
    void aDeletionThatCannotBeStoredAnyMoreIsAnswered() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            driver.declare("other", FieldTable.EMPTY);
            logs.full("definitions");
            CompletableFuture<Long> deleted = driver.settleAndDelete("q", List.of(), ShardCommand.Outcome.ACK);
            await(() -> driver.topology().queue("q") == null);
            logs.full(0, path -> {
                throw new IllegalStateException("the disk is gone");
            });
            assertThat(deleted.get(60, TimeUnit.SECONDS)).isZero();
            assertThatThrownBy(() -> driver.engine().definitions().checkDeletion(driver.queue("other")))
                    .hasMessageContaining("cannot be stored");
            logs.roomy();
        }
    }

    @Test
    void aStreamThatBreaksEndsAlone(LogWatcher.Expected watched) throws Exception {
        watched.expect("takes nothing any more");
        try (EngineDriver driver = open()) {
            FieldTable stream = new FieldTable(Map.of("x-queue-type", "stream"));
            driver.declare("broken", stream);
            driver.declare("whole", stream);
            Path files = folder.resolve("streams")
                    .resolve(Long.toString(driver.queue("broken").id()));
            driver.publish("broken", "before");
            await(() -> driver.confirmed().contains("before"));
            logs.full(0, path -> {
                if (path.equals(files)) {
                    throw new OutOfMemoryError("what a buffer may throw");
                }
                return false;
            });
            driver.publish("broken", "one");
            driver.publish("whole", "two");
            await(() -> driver.refused().contains("one") && driver.confirmed().contains("two"));
            assertThat(driver.delete("broken")).isEqualTo(1);
            assertThat(files).doesNotExist();
            logs.roomy();
        }
    }
}
