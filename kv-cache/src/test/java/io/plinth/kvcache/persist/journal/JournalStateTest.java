package io.plinth.kvcache.persist.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.persist.snapshot.Snapshots;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of changes that a journal cannot write. */
@Timeout(60)
class JournalStateTest {
    private static final int BUFFER = 4 << 10;
    private static final String MISCONF = "MISCONF Errors writing to the AOF file: ";

    @TempDir
    Path folder;

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private volatile boolean full;
    private volatile boolean fails;
    private Journal journal;

    private final class Failing extends StoreDecorator {
        Failing(JournalStore store) {
            super(store);
        }

        @Override
        public void append(ByteBuffer records) throws IOException {
            room();
            super.append(records);
        }

        @Override
        public void reserve(long bytes) throws IOException {
            room();
            super.reserve(bytes);
        }

        private void room() throws IOException {
            if (full) {
                throw NoRoomException.or("test", new IOException("write: No space left on device"), folder, 0);
            }
        }

        @Override
        public void sync() throws IOException {
            if (fails) {
                throw new IOException("Input/output error");
            }
            super.sync();
        }
    }

    @BeforeEach
    void begin() throws IOException {
        journal = new Journal(
                new Failing(new ChronicleStore(folder, 1 << 20, 1)), true, BUFFER, System::nanoTime, Thread::new);
        node.keyspace.listen(journal);
    }

    @AfterEach
    void end() {
        journal.close();
    }

    private static void until(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    /** Answers whether a client would be told. */
    private boolean write(String command) throws Exception {
        client.run(command);
        long wanted = journal.position();
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        journal.whenReached(wanted, () -> told.complete(journal.reached(wanted)));
        return told.get(20, TimeUnit.SECONDS);
    }

    private List<Integer> kept(int from) throws IOException {
        List<Integer> sizes = new ArrayList<>();
        assertThat(new JournalScanner(folder, record -> {
                            if ((record.get(record.position()) & 0xff) < 250) {
                                sizes.add(record.remaining());
                            }
                        })
                        .scan(from))
                .isEmpty();
        return sizes;
    }

    @Test
    void whatThereWasNoRoomForIsWrittenOnceThereIsAndNobodyWaitsForIt(LogWatcher.Expected watched) throws Exception {
        watched.expect("writes are refused until there is room");
        assertThat(write("SET a 1")).isTrue();
        full = true;
        assertThat(write("SET b 22")).isFalse();
        assertThat(journal.state()).isEqualTo(JournalState.NO_ROOM);
        assertThat(journal.refusal()).isEqualTo(MISCONF + "No space left on device");
        assertThat(write("SET c 333")).isFalse();
        assertThat(journal.waiting()).isPositive();
        assertThat(journal.nextSegment()).isCompletedExceptionally();
        full = false;
        until(() -> journal.refusal() == null);
        assertThat(write("SET d 4444")).isTrue();
        assertThat(journal.waiting()).isZero();
        assertThat(journal.state()).isEqualTo(JournalState.WRITING);
        journal.close();
        assertThat(kept(1)).hasSize(4).isSorted();
    }

    @Test
    void keysThatAreOverAreNotWaitedFor(LogWatcher.Expected watched) throws Exception {
        watched.expect("writes are refused until there is room");
        assertThat(write("SET a 1 PX 5")).isTrue();
        full = true;
        node.now += 10;
        long before = journal.position();
        assertThat(client.run("GET a")).isEqualTo("$-1|");
        assertThat(journal.position()).isEqualTo(before);
        full = false;
    }

    @Test
    void moreThanMayWaitForRoomWaitsForASnapshot(LogWatcher.Expected watched) throws Exception {
        watched.expect("writes are refused until there is room");
        watched.expect("more was changed meanwhile than journal-buffer keeps");
        full = true;
        assertThat(write("SET a 1")).isFalse();
        client.run("SET b " + "x".repeat(BUFFER));
        assertThat(journal.state()).isEqualTo(JournalState.BROKEN);
        client.run("SET c 1");
        // What the thread has taken goes when it wakes.
        until(() -> journal.waiting() == 0);
        full = false;
        covered();
    }

    private void covered() throws Exception {
        int from = journal.nextSegment().get(20, TimeUnit.SECONDS);
        assertThat(journal.state()).isEqualTo(JournalState.ANEW);
        assertThat(journal.refusal()).startsWith(MISCONF);
        assertThat(write("SET d 1")).isFalse();
        long dropped = journal.position();
        journal.flushed().get(20, TimeUnit.SECONDS);
        journal.covered(from).get(20, TimeUnit.SECONDS);
        assertThat(journal.refusal()).isNull();
        assertThat(write("SET e 1")).isTrue();
        assertThat(journal.reached(dropped)).as("the snapshot has it").isTrue();
        journal.close();
        assertThat(kept(from)).hasSize(2);
        assertThat(ChronicleStore.segments(folder)).containsOnlyKeys(from);
    }

    @Test
    void afterAnErrorOfTheDiskASnapshotTakesTheJournalsPlace(LogWatcher.Expected watched) throws Exception {
        watched.expect("Input/output error");
        fails = true;
        assertThat(write("SET a 1")).isFalse();
        assertThat(journal.refusal()).isEqualTo(MISCONF + "Input/output error");
        assertThat(write("SET b 1")).isFalse();
        fails = false;
        covered();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasBegunForASnapshotThatThereIsNotIsNotRead(boolean known, LogWatcher.Expected watched) throws Exception {
        watched.expect("journal:");
        assertThat(write("SET a 1")).isTrue();
        fails = true;
        assertThat(write("SET b 1")).isFalse();
        fails = false;
        int from = journal.nextSegment().get(20, TimeUnit.SECONDS);
        client.run("SET c 1");
        journal.flushed().get(20, TimeUnit.SECONDS);
        journal.uncovered(known).get(20, TimeUnit.SECONDS);
        assertThat(journal.state()).isEqualTo(JournalState.BROKEN);
        assertThat(kept(0)).hasSizeLessThan(3);
        assertThat(kept(from)).hasSize(known ? 0 : 1);
        assertThat(ChronicleStore.dropUnreadable(folder, 0)).isEqualTo(known ? 0 : 1);
        assertThat(kept(from)).isEmpty();
    }

    @Test
    void aSnapshotThatTheJournalFailsLeavesNoFileThatFillsTheDisk(LogWatcher.Expected watched) throws Exception {
        watched.expect("Input/output error");
        assertThat(write("SET a 1")).isTrue();
        Path to = folder.resolve("snapshots");
        Snapshots snapshots = new Snapshots(to, node.keyspace, Clock.systemUTC(), System::nanoTime, 1 << 20, () -> {
            fails = true;
            return List.of();
        });
        assertThatThrownBy(() -> snapshots.save(journal, 1, false, List.of()))
                .hasMessageContaining("Input/output error");
        assertThat(to).isEmptyDirectory();
    }
}
