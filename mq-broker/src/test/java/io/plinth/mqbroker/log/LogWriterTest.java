package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LogWriterTest {
    @TempDir
    Path folder;

    private final AtomicInteger rests = new AtomicInteger();
    private final AtomicLong durable = new AtomicLong();

    private final class Rests implements ChangeListener {
        @Override
        public void appended(Change change, long position) {}

        @Override
        public void synced() {}

        @Override
        public void idle() {
            rests.incrementAndGet();
        }

        @Override
        public void closed() {}
    }

    private final class Durable implements LogWriter.Owner {
        @Override
        public void durable(long sequence) {
            durable.set(sequence);
        }

        @Override
        public void failed(IOException cause) {
            throw new AssertionError(cause);
        }
    }

    @Test
    void changesNobodyWaitsForAreSyncedAlthoughTheyNeverPause() throws Exception {
        SegmentLog log = new ChronicleSegmentLog(folder, 1 << 20);
        try (LogWriter writer =
                new LogWriter("test-log", log, true, new Rests(), Runnable::run, new Durable(), System::nanoTime)) {
            writer.start();
            long sequence = 0;
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (rests.get() < 2) {
                assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                Change change = new Change(0, 1, sequence + 1, sequence, new Effect.DeliveredUpTo(1, sequence));
                sequence++;
                writer.submit(List.of(change), false);
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(durable.get()).isPositive();
        }
    }
}
