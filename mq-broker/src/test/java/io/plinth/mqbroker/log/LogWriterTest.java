package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
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

    /** Says what it is told. */
    private record Telling(BlockingQueue<String> told, boolean standsByRefused) implements LogWriter.Owner {
        @Override
        public void durable(long sequence) {
            told.add("durable " + sequence);
        }

        @Override
        public void full(IOException cause) {
            told.add("full");
        }

        @Override
        public void failed(IOException cause) {
            told.add("failed");
        }

        @Override
        public void recovered() {
            told.add("recovered");
        }
    }

    /** A record is taken by the log, or it takes nothing more; whoever waits for the thread hears of it either way. */
    @Test
    void aRecordThatCannotBeWrittenIsAnsweredAndTheThreadGoesOn(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        SegmentLog log = new PreallocatedSegmentLog(folder, 1 << 20);
        LogWriter.Owner owner = new Telling(told, true);
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
        public void full(IOException cause) {
            throw new AssertionError(cause);
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
        final AtomicInteger probes = new AtomicInteger();
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

        @Override
        public void reserve(int bytes) throws IOException {
            probes.incrementAndGet();
            if (full) {
                throw new NoRoomException("test", new IOException("no space left"));
            }
            super.reserve(bytes);
        }
    }

    /** Its owner refuses what it handed over until it hears: none of that is written although there is room by then. */
    @Test
    void whatIsHandedOverBeforeTheOwnerHasHeardIsNotWritten(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        watched.expect("the log is written again");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
        Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20));
        LogWriter.Owner owner = new Telling(told, false);
        List<Long> written = new ArrayList<>();
        try (LogWriter writer =
                new LogWriter("test-log", log, true, new Rests(), tasks::add, owner, System::nanoTime)) {
            writer.start();
            log.full = true;
            writer.submit(List.of(change(1, "key")), true);
            Runnable full = tasks.poll(20, TimeUnit.SECONDS);
            log.full = false;
            // Time for a try, of which there is none.
            TimeUnit.MILLISECONDS.sleep(1200);
            writer.submit(List.of(change(2, "key")), true);
            Objects.requireNonNull(full).run();
            while (!told.contains("recovered")) {
                Objects.requireNonNull(tasks.poll(20, TimeUnit.SECONDS)).run();
            }
            writer.submit(List.of(change(3, "key")), true);
            while (!told.contains("durable 3")) {
                Objects.requireNonNull(tasks.poll(20, TimeUnit.SECONDS)).run();
            }
        }
        try (SegmentLog again = new PreallocatedSegmentLog(folder, 1 << 20)) {
            again.replay(
                    0,
                    (position, record) ->
                            written.add(ChangeCodec.read(0, position, record).sequence()));
        }
        assertThat(written).containsExactly(3L);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aLogWithoutRoomIsWrittenAgainOnceItHasSome(boolean stands, LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        watched.expect("the log is written again");
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20));
        LogWriter.Owner owner = new Telling(told, stands);
        try (LogWriter writer =
                new LogWriter("test-log", log, true, new Rests(), Runnable::run, owner, System::nanoTime)) {
            writer.start();
            writer.submit(List.of(change(1, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 1");
            log.full = true;
            writer.submit(List.of(change(2, "key"), change(3, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("full");
            // It tries, and says nothing before it succeeds.
            while (log.probes.get() < 2) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            assertThat(told).isEmpty();
            log.full = false;
            if (stands) {
                assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 3");
            }
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("recovered");
            writer.submit(List.of(change(4, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 4");
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

    /** More than any log could keep one by one: consumers go on for as long as the disk is full. */
    @Test
    void whatIsNeedlessByLaterChangesDoesNotWait(LogWatcher.Expected watched) throws Exception {
        watched.expect("log write failed");
        int settled = 150_000;
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20));
        try (LogWriter writer = new LogWriter(
                "test-log", log, true, new Rests(), Runnable::run, new Telling(told, true), System::nanoTime)) {
            writer.start();
            writer.submit(List.of(change(1, "key")), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable 1");
            log.full = true;
            // The second has two targets, the third one; one target of the second is left.
            writer.submit(
                    List.of(changed(2, entered(7, 8)), changed(3, entered(7)), changed(4, settled(7, 2, 3))), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("full");
            long sequence = 4;
            for (int i = 0; i < settled; i++) {
                Effect returned = new Effect.Returned(1, 1_000_000 - i, i, 0);
                writer.submit(
                        List.of(
                                changed(++sequence, returned),
                                changed(++sequence, new Effect.DeliveredUpTo(1, i)),
                                changed(++sequence, settled(1, 1_000_000 - i))),
                        false);
            }
            CountDownLatch kept = new CountDownLatch(1);
            writer.execute(kept::countDown);
            kept.await();
            log.full = false;
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable " + sequence);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("recovered");
            writer.submit(List.of(changed(++sequence, entered(7)), changed(++sequence, settled(7, 2))), true);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("durable " + sequence);
        }
        List<Effect> effects = new ArrayList<>();
        try (SegmentLog again = new PreallocatedSegmentLog(folder, 1 << 20)) {
            AtomicLong last = new AtomicLong();
            again.replay(0, (position, record) -> {
                Change change = ChangeCodec.read(0, position, record);
                assertThat(change.previous()).isEqualTo(last.get());
                last.set(change.sequence());
                effects.add(change.effect());
            });
        }
        assertThat(effects).hasSizeLessThan(20);
        assertThat(effects.get(1))
                .isInstanceOfSatisfying(
                        Effect.Enqueued.class,
                        e -> assertThat(e.targets())
                                .extracting(Effect.Target::queueId)
                                .containsExactly(8L));
        assertThat(effects).filteredOn(Effect.DeliveredUpTo.class::isInstance).hasSize(1);
        assertThat(effects).filteredOn(Effect.Returned.class::isInstance).isEmpty();
        assertThat(effects.stream()
                        .filter(effect -> effect instanceof Effect.Settled s && s.queueId() == 1)
                        .flatMapToLong(effect -> java.util.Arrays.stream(((Effect.Settled) effect).ids()))
                        .toArray())
                .isEqualTo(java.util.stream.LongStream.range(0, settled)
                        .map(i -> 1_000_000 - i)
                        .toArray());
    }

    /** What is in flight when the disk fills is bounded elsewhere, and a return is not worth the log. */
    @Test
    void neitherMessagesInFlightNorMessagesThatCameBackEndALogWithoutRoom(LogWatcher.Expected watched)
            throws Exception {
        watched.expect("log write failed");
        watched.expect("the log is written again");
        int many = 140_000;
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20));
        log.full = true;
        try (LogWriter writer = new LogWriter(
                "test-log", log, false, new Rests(), Runnable::run, new Telling(told, true), System::nanoTime)) {
            writer.start();
            Effect entered = entered(7);
            List<Change> changes = new ArrayList<>();
            long sequence = 0;
            for (int i = 0; i < many; i++) {
                changes.add(changed(++sequence, entered));
                changes.add(changed(++sequence, new Effect.Returned(1, 1_000_000 + i, 1, 0)));
                changes.add(changed(++sequence, new Effect.Returned(2, 1_000_000 + i, 1, 0)));
            }
            changes.add(changed(++sequence, settled(1, 1_000_000, 1_000_000 + many - 1)));
            writer.submit(changes, true);
            assertThat(told.poll(40, TimeUnit.SECONDS)).isEqualTo("full");
            log.full = false;
            assertThat(told.poll(40, TimeUnit.SECONDS)).isEqualTo("durable " + sequence);
            assertThat(told.poll(40, TimeUnit.SECONDS)).isEqualTo("recovered");
        }
        int[] messages = {0};
        int[] settlements = {0};
        try (SegmentLog again = new PreallocatedSegmentLog(folder, 1 << 20)) {
            again.replay(0, (position, record) -> {
                Effect effect = ChangeCodec.read(0, position, record).effect();
                messages[0] += effect instanceof Effect.Enqueued ? 1 : 0;
                settlements[0] += effect instanceof Effect.Settled ? 1 : 0;
            });
        }
        assertThat(messages[0]).isEqualTo(many);
        assertThat(settlements[0]).isEqualTo(1);
    }

    private static Change changed(long sequence, Effect effect) {
        return new Change(0, 1, sequence, sequence - 1, effect);
    }

    private static Effect entered(long... queues) {
        Content content = new Content("", "key", new byte[2], new byte[10]);
        List<Effect.Target> targets = java.util.Arrays.stream(queues)
                .mapToObj(queue -> new Effect.Target(queue, Long.MAX_VALUE))
                .toList();
        return new Effect.Enqueued(targets, new Message(content), content);
    }

    private static Effect settled(long queue, long... ids) {
        List<Message> messages = java.util.Arrays.stream(ids)
                .mapToObj(id -> new Message(id, 10, 10))
                .toList();
        return new Effect.Settled(queue, ids, messages, new byte[0], new long[0]);
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
