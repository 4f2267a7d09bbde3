package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Queues that go, and messages that go from them, beside others of the same shard. */
@Timeout(60)
class QueueEndTest {
    @TempDir
    Path folder;

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, path -> PreallocatedSegmentLog.open(path, 128 << 10), true, 64 << 20);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** One message of a queue stands in a segment with those of another, which are given up as that other is deleted. */
    private void besideOneThatGoes(ShardCommand.Outcome outcome) throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", FieldTable.EMPTY);
            driver.declare("dead", FieldTable.EMPTY);
            String goes = EngineDriver.named("goes", driver.queue("q").shard());
            driver.declare(
                    goes, new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead")));
            driver.publish("q", "first");
            for (int i = 0; i < 5; i++) {
                driver.publish(goes, "beside " + i);
            }
            await(() -> driver.confirmed().size() == 6);
            driver.settleAndDelete(goes, driver.get(goes, 5), outcome).get(20, TimeUnit.SECONDS);
            for (int i = 0; i < 4; i++) {
                driver.publish("q", "long " + i, 100_000);
                String last = "long " + i;
                await(() -> driver.confirmed().contains(last));
            }
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain("q")).containsExactly("first", "long 0", "long 1", "long 2", "long 3");
        }
    }

    @Test
    void aDeadLetterWhoseQueueIsGoneMayBeGoneWithItsSegment() throws Exception {
        NarrowLogs logs = new NarrowLogs(128 << 10);
        // With so little memory contents are read back once they were handed out.
        try (EngineDriver driver = new EngineDriver(folder, logs, true, 1000)) {
            driver.declare("dead", FieldTable.EMPTY);
            driver.declare(
                    "q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead")));
            for (int i = 0; i < 5; i++) {
                driver.publish("q", "" + i);
            }
            await(() -> driver.confirmed().size() == 5);
            List<ShardCommand.Got> held = driver.get("q", 5);
            assertThat(held).hasSize(5);
            logs.unreadable();
            driver.settleAndDelete("q", held, ShardCommand.Outcome.REJECT).get(20, TimeUnit.SECONDS);
            await(() -> driver.engine().gauge().used() == 0);
        }
    }

    @Test
    void settlementsOfTheTurnThatDeletesTheirQueueCountOnce() throws Exception {
        besideOneThatGoes(ShardCommand.Outcome.ACK);
    }

    @Test
    void deadLettersOnTheirWayAsTheirQueueIsDeletedCountOnce() throws Exception {
        besideOneThatGoes(ShardCommand.Outcome.REJECT);
    }

    /** The target's log does not sync, so nothing it was sent is settled at the source. */
    @Test
    void soManyDeadLettersOfAQueueAreOnTheirWayAtOnce() throws Exception {
        int source = Shards.of("/", "q", Shards.COUNT);
        String dead = EngineDriver.named("dead", (source + 1) % Shards.COUNT);
        String stuck = String.format("shard-%02d", (source + 1) % Shards.COUNT);
        CountDownLatch released = new CountDownLatch(1);
        Engine.Logs logs = path -> new LogDecorator(PreallocatedSegmentLog.open(path, 1 << 20)) {
            @Override
            public void sync() throws IOException {
                if (path.endsWith(stuck)) {
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                super.sync();
            }
        };
        try (EngineDriver driver = new EngineDriver(folder, logs, true, 64 << 20)) {
            driver.declare(dead, FieldTable.EMPTY);
            driver.declare(
                    "q",
                    new FieldTable(Map.of(
                            "x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead, "x-message-ttl", 1)));
            for (int i = 0; i < 2500; i++) {
                driver.publish("q", "" + i);
            }
            await(() -> driver.confirmed().size() == 2500 && length(driver, dead) == 1000);
            assertThat(length(driver, "q")).isEqualTo(1500);
            assertThat(length(driver, dead)).isEqualTo(1000);
            released.countDown();
            await(() -> length(driver, dead) == 2500);
        }
    }

    @Test
    void deadLettersOnTheirWayHearWhereTheirRecordsStand() {
        MessageQueue queue = new MessageQueue(
                new QueueRef(1, "/", "q", 0, true, false, null, FieldTable.EMPTY),
                QueueArguments.of(FieldTable.EMPTY),
                0);
        QueueEntry entry = new QueueEntry(7, new Message(8, 10, 10), Long.MAX_VALUE, true, 0, null);
        queue.dies(entry);
        Set<QueueEntry> seen = new HashSet<>();
        queue.forEach(seen::add);
        assertThat(seen).containsExactly(entry);
    }

    @Test
    void aHeadThatExpiresSoonerThanTheOneBeforeItGoesInTime() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("dead", FieldTable.EMPTY);
            driver.declare(
                    "q", new FieldTable(Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", "dead")));
            driver.publishExpiring("q", "late", "3600000");
            driver.publishExpiring("q", "soon", "200");
            assertThat(driver.get("q", 1)).hasSize(1);
            await(() -> length(driver, "dead") == 1);
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
    void aDefinitionThatCannotBeWrittenIsRefusedAlone() throws Exception {
        try (EngineDriver driver = open()) {
            assertThatThrownBy(() -> driver.declare("q", new FieldTable(Map.of("x".repeat(300), 1))))
                    .isInstanceOf(AmqpException.class)
                    .hasMessageContaining("300 octets");
            assertThatThrownBy(() -> driver.declare("q".repeat(256), false, FieldTable.EMPTY))
                    .hasMessageContaining("256 octets");
            driver.declare("q", FieldTable.EMPTY);
            driver.publish("q", "goes in");
            await(() -> driver.confirmed().contains("goes in"));
        }
    }

    @Test
    void aGroupOfALongNameIsKnownByItsDigest() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", new FieldTable(Map.of("x-message-groups", true)));
            driver.publish("q", "one", "x-message-group", "g".repeat(70_000));
            driver.publish("q", "two", "x-message-group", "g".repeat(70_000));
            driver.publish("q", "other", "x-message-group", "g".repeat(70_001));
            await(() -> driver.confirmed().size() == 3);
            assertThat(driver.get("q", 3).stream().map(EngineDriver::body)).containsExactly("one", "other");
        }
    }
}
