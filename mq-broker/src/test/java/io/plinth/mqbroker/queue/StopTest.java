package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.wire.FieldTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StopTest {
    private static final int MESSAGES = 40;
    private static final int PADDING = 50_000;

    @TempDir
    Path folder;

    private final CountDownLatch reading = new CountDownLatch(1);

    /** A read that takes a second, unless the log is closed before. */
    private final class Slow extends LogDecorator {
        private final CountDownLatch closed = new CountDownLatch(1);

        Slow(SegmentLog log) {
            super(log);
        }

        @Override
        public ByteBuffer read(long position) throws IOException {
            if (reading.getCount() > 0) {
                reading.countDown();
                try {
                    assertThat(closed.await(1, TimeUnit.SECONDS))
                            .as("closed while it is read")
                            .isFalse();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
            return super.read(position);
        }

        @Override
        public void close() throws IOException {
            super.close();
            closed.countDown();
        }
    }

    /** Else a message in it would be taken for lost, and an error logged, which fails this test. */
    @Test
    void aLogIsClosedOnceNobodyReadsIt() throws Exception {
        Engine.Logs slow = path -> new Slow(PreallocatedSegmentLog.open(path, 4 << 20));
        try (EngineDriver driver = new EngineDriver(folder, slow, true, 1 << 20)) {
            driver.declare("q", FieldTable.EMPTY);
            for (int i = 0; i < MESSAGES; i++) {
                driver.publish("q", "" + i, PADDING);
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (driver.confirmed().size() < MESSAGES) {
                assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
            driver.ask("q", MESSAGES);
            assertThat(reading.await(60, TimeUnit.SECONDS)).isTrue();
        }
        try (EngineDriver driver = new EngineDriver(folder, slow, true, 1 << 20)) {
            assertThat(driver.length("q")).isEqualTo(MESSAGES);
        }
    }
}
