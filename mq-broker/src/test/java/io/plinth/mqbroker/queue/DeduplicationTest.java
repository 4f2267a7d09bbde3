package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DeduplicationTest {
    private static final String HEADER = "x-deduplication-header";

    @TempDir
    Path folder;

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, path -> PreallocatedSegmentLog.open(path, 1 << 20), true, 64 << 20);
    }

    private static void confirmed(EngineDriver driver, String body) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!driver.confirmed().contains(body)) {
            assertThat(System.nanoTime()).as("confirm of " + body).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void aPersistentMessageIsNotConfirmedOnTheWordOfATransientOne() throws Exception {
        try (EngineDriver driver = open()) {
            driver.declare("q", new FieldTable(Map.of("x-message-deduplication", true)));
            driver.publish("q", "transient", HEADER, "key", false);
            driver.publish("q", "persistent", HEADER, "key", true);
            driver.publish("q", "again", HEADER, "key", true);
            driver.publish("q", "passing", HEADER, "key", false);
            confirmed(driver, "persistent");
            confirmed(driver, "again");
            confirmed(driver, "passing");
            assertThat(driver.length("q")).isEqualTo(2);
        }
        try (EngineDriver driver = open()) {
            driver.publish("q", "known", HEADER, "key", true);
            confirmed(driver, "known");
            assertThat(driver.drain("q")).containsExactly("persistent");
        }
    }
}
