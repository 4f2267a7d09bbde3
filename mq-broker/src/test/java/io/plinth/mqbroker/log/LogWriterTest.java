package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** A record is taken by the log, or it takes nothing more; whoever waits for the thread hears of it either way. */
    @Test
    void aRecordThatCannotBeWrittenIsAnsweredAndTheThreadGoesOn(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        SegmentLog log = new PreallocatedSegmentLog(folder, 1 << 20);
        LogWriter.Owner owner = new LogWriter.Owner() {
            @Override
            public void durable(long sequence) {
                told.add("durable " + sequence);
            }

            @Override
            public void failed(IOException cause) {
                told.add("failed");
            }

            @Override
            public void recovered() {
                told.add("recovered");
            }

            @Override
            public boolean standsByRefused() {
                return true;
            }
        };
        try (LogWriter writer =
                new LogWriter("test-log", log, true, new Rests(), Runnable::run, owner, System::nanoTime)) {
            writer.start();
            writer.submit(List.of(change(1, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 1");
            writer.submit(List.of(change(2, "k".repeat(70_000))), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("failed");
            writer.submit(List.of(change(3, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("failed");
            writer.execute(() -> told.add("done"));
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("failed");
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("done");
        }
    }

    private static Change change(long sequence, String key) {
        Content content = new Content("", key, new byte[2], new byte[10]);
        List<Effect.Target> targets = List.of(new Effect.Target(1, Long.MAX_VALUE));
        return new Change(0, 1, sequence, sequence - 1, new Effect.Enqueued(targets, new Message(content), content));
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

        @Override
        public void recovered() {}

        @Override
        public boolean standsByRefused() {
            return true;
        }
    }

    /** A disk without room for messages while it is told so. */
    private static final class Narrow extends LogDecorator {
        volatile boolean full;

        Narrow(SegmentLog log) {
            super(log);
        }

        @Override
        public long append(ByteBuffer record) throws IOException {
            if (full) {
                throw new NoRoomException("test", new IOException("no space left"));
            }
            return super.append(record);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aLogWithoutRoomIsWrittenAgainOnceItHasSome(boolean stands, LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        watched.expect("the log is written again");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20));
        LogWriter.Owner owner = new LogWriter.Owner() {
            @Override
            public void durable(long sequence) {
                told.add("durable " + sequence);
            }

            @Override
            public void failed(IOException cause) {
                told.add("failed");
            }

            @Override
            public void recovered() {
                told.add("recovered");
            }

            @Override
            public boolean standsByRefused() {
                return stands;
            }
        };
        try (LogWriter writer =
                new LogWriter("test-log", log, true, new Rests(), Runnable::run, owner, System::nanoTime)) {
            writer.start();
            writer.submit(List.of(change(1, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 1");
            log.full = true;
            writer.submit(List.of(change(2, "key"), change(3, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("failed");
            log.full = !stands;
            String heard = told.poll(20, TimeUnit.SECONDS);
            while (heard != null && !heard.equals("recovered")) {
                heard = told.poll(20, TimeUnit.SECONDS);
            }
            assertThat(heard).isEqualTo("recovered");
            log.full = false;
            writer.submit(List.of(change(4, "key")), true);
            String last = told.poll(20, TimeUnit.SECONDS);
            while (last != null && !last.equals("durable 4")) {
                last = told.poll(20, TimeUnit.SECONDS);
            }
            assertThat(last).isEqualTo("durable 4");
        }
        List<Long> kept = new ArrayList<>();
        try (SegmentLog again = new PreallocatedSegmentLog(folder, 1 << 20)) {
            again.replay(
                    0,
                    (position, record) ->
                            kept.add(ChangeCodec.read(0, position, record).sequence()));
        }
        assertThat(kept).isEqualTo(stands ? List.of(1L, 2L, 3L, 4L) : List.of(1L, 4L));
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
