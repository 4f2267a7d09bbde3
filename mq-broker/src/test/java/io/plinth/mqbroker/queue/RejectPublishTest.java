package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a full queue with {@code reject-publish-dlx} refuses: when its publisher hears of it, and what is there by then. */
@Timeout(60)
class RejectPublishTest {
    private static final int DEAD_SHARD = (Shards.of("/", "q", Shards.COUNT) + 1) % Shards.COUNT;
    private static final String DEAD = EngineDriver.named("dead", DEAD_SHARD);

    @TempDir
    Path folder;

    private final CountDownLatch released = new CountDownLatch(1);

    private EngineDriver open() throws Exception {
        String held = NarrowLogs.folder(DEAD);
        return new EngineDriver(
                folder,
                path -> new LogDecorator(PreallocatedSegmentLog.open(path, 1 << 20)) {
                    @Override
                    public void sync() throws IOException {
                        try {
                            if (path.endsWith(held)) {
                                released.await();
                            }
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        super.sync();
                    }
                },
                true,
                64 << 20);
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static void full(EngineDriver driver, String dead) throws Exception {
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
                        dead)));
        driver.publish("q", "kept");
        await(() -> driver.confirmed().contains("kept"));
    }

    @Test
    void thePublisherHearsOnceTheDeadLetterIsOnDisk() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare(DEAD, FieldTable.EMPTY);
            full(driver, DEAD);
            driver.publish("q", "refused");
            // Behind what that started, on the one loop there is.
            driver.length(DEAD);
            driver.length("q");
            assertThat(driver.length(DEAD)).isEqualTo(1);
            assertThat(driver.refused()).isEmpty();
            released.countDown();
            await(() -> driver.refused().contains("refused"));
            assertThat(driver.confirmed()).containsExactly("kept");
        }
        try (EngineDriver driver = open()) {
            assertThat(driver.drain(DEAD)).containsExactly("refused");
        }
    }

    @Test
    void whatAnotherQueueTookIsThereAllTheSame() throws Exception {
        released.countDown();
        try (EngineDriver driver = open()) {
            String other = EngineDriver.named("other", Shards.of("/", "q", Shards.COUNT));
            driver.declare(DEAD, FieldTable.EMPTY);
            driver.declare(other, FieldTable.EMPTY);
            full(driver, DEAD);
            List<QueueRef> both = List.of(driver.queue("q"), driver.queue(other));
            driver.publish(both, "in one", 0);
            await(() -> driver.refused().contains("in one"));
            assertThat(driver.drain(other)).containsExactly("in one");
            assertThat(driver.drain(DEAD)).containsExactly("in one");
            assertThat(driver.drain("q")).containsExactly("kept");
        }
    }

    @Test
    void withoutAPlaceForItsDeadLetterItIsRefusedAlone() throws Exception {
        released.countDown();
        try (EngineDriver driver = open()) {
            full(driver, "nowhere");
            driver.publish("q", "refused");
            await(() -> driver.refused().contains("refused"));
        }
    }

    @Test
    void aQueueIsNoPlaceForItsOwn() throws Exception {
        released.countDown();
        try (EngineDriver driver = open()) {
            full(driver, "q");
            driver.publish("q", "refused");
            await(() -> driver.refused().contains("refused"));
            assertThat(driver.drain("q")).containsExactly("kept");
        }
    }
}
