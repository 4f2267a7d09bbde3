package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.persist.journal.ChronicleStore;
import io.plinth.kvcache.persist.journal.Journal;
import io.plinth.kvcache.persist.journal.JournalStore;
import io.plinth.kvcache.persist.journal.StoreDecorator;
import io.plinth.kvcache.persist.snapshot.Snapshots;
import io.plinth.testkit.DurableImage;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The disk fails at a seeded call of the journal's store and takes it again later; snapshots are tried until one covers what is lost, some
 * of which fail as well; the power goes at another call. Of writes in a row a part from the first on is back, each once, and every one
 * that a client was told of.
 */
@Timeout(600)
class JournalAnewSimTest {
    private static final int SEEDS = Integer.getInteger("powerloss.seeds", 3);
    private static final long SEGMENT = 16 << 10;
    private static final int MOST_TRIES = 100;

    @TempDir
    Path folder;

    /** Counts calls, fails some of them, and at one of them takes the image of the disk. */
    private static final class Failing extends StoreDecorator {
        private final Path data;
        private final Path after;
        private final DurableImage image;
        private final DurableImage.Mode mode;
        private final SplittableRandom random;
        private final int cut;
        private final AtomicInteger told;
        private int calls;
        private int failing;
        private int full;
        private volatile int promised = -1;

        Failing(JournalStore store, Path data, Path after, DurableImage.Mode mode, long seed, AtomicInteger told) {
            super(store);
            this.data = data;
            this.after = after;
            this.image = new DurableImage(data);
            this.mode = mode;
            this.random = new SplittableRandom(seed);
            this.cut = 20 + random.nextInt(150);
            this.told = told;
        }

        private void call() throws IOException {
            calls++;
            if (calls == cut) {
                int until = told.get();
                crash();
                promised = until;
            }
            if (failing == 0 && random.nextInt(25) == 0) {
                failing = 1 + random.nextInt(4);
            }
            if (failing > 0) {
                failing--;
                throw new IOException("Input/output error");
            }
        }

        /**
         * A snapshot that has its name was synced before; whether its name was is chance, unless that would mix it up. A picture in which
         * one is gone and the next has no name yet is of no moment: it is taken again.
         */
        private void crash() throws IOException {
            boolean named = mode != DurableImage.Mode.DROP || random.nextBoolean();
            for (int tries = 1; ; tries++) {
                try {
                    List<Path> before = snapshots();
                    if (named) {
                        image.synced(before);
                    }
                    image.crash(random, mode, after);
                    if (snapshots().equals(before)) {
                        return;
                    }
                } catch (UncheckedIOException e) {
                    // One went meanwhile.
                    if (tries == MOST_TRIES) {
                        throw e;
                    }
                }
            }
        }

        private List<Path> snapshots() throws IOException {
            return files("snapshots").stream()
                    .filter(file -> !file.endsWith("snapshot.new"))
                    .sorted()
                    .toList();
        }

        private List<Path> files(String name) throws IOException {
            if (!Files.isDirectory(data.resolve(name))) {
                return List.of();
            }
            try (Stream<Path> all = Files.walk(data.resolve(name))) {
                return all.filter(Files::isRegularFile).toList();
            }
        }

        @Override
        public void append(ByteBuffer records) throws IOException {
            call();
            if (random.nextInt(30) == 0) {
                full = 1 + random.nextInt(2);
            }
            if (full > 0) {
                some(records);
            }
            room();
            super.append(records);
        }

        /** Of what there is no room for the first records are written. */
        private void some(ByteBuffer records) throws IOException {
            int end = records.position();
            for (int i = random.nextInt(4); i > 0 && end < records.limit(); i--) {
                end += 4 + records.getInt(end);
            }
            super.append(records.slice(records.position(), end - records.position()));
            records.position(end);
        }

        private void room() throws IOException {
            if (full > 0) {
                full--;
                throw noRoom(data);
            }
        }

        @Override
        public void reserve(long bytes) throws IOException {
            room();
            super.reserve(bytes);
        }

        @Override
        public void sync() throws IOException {
            call();
            super.sync();
            image.synced(files("journal"));
        }

        @Override
        public int roll() throws IOException {
            int next = super.roll();
            image.synced(files("journal"));
            return next;
        }

        @Override
        public int anew() throws IOException {
            call();
            return super.anew();
        }

        @Override
        public void dropBefore(int segment) throws IOException {
            // The snapshot has its name, and others are gone, on the disk.
            image.synced();
            call();
            super.dropBefore(segment);
            image.synced();
        }
    }

    private void run(DurableImage.Mode mode, long seed) throws Exception {
        Path data = folder.resolve(mode + "-" + seed);
        Path after = folder.resolve(mode + "-" + seed + "-after");
        Files.createDirectories(data.resolve("journal"));
        Files.createDirectories(after.resolve("journal"));
        Files.createDirectories(after.resolve("snapshots"));
        CommandHarness node = new CommandHarness(Topologies.alone());
        CommandHarness.Connection client = node.connect();
        AtomicInteger told = new AtomicInteger(-1);
        Failing store =
                new Failing(new ChronicleStore(data.resolve("journal"), SEGMENT, 1), data, after, mode, seed, told);
        Snapshots snapshots = snapshots(data, node);
        AtomicBoolean over = new AtomicBoolean();
        try (Journal journal = new Journal(store, true, 1 << 20, System::nanoTime, Thread::new)) {
            node.keyspace.listen(journal);
            Thread saver = new Thread(() -> {
                while (!over.get()) {
                    try {
                        snapshots.save(journal, 1, false, List.of());
                        Thread.sleep(2);
                    } catch (IOException | InterruptedException e) {
                        // Again.
                    }
                }
            });
            saver.start();
            for (int i = 0; store.promised < 0 && i < 100_000; i++) {
                int number = i;
                client.run("MULTI");
                client.run("SET n " + i);
                client.run("RPUSH all " + i);
                client.run("EXEC");
                long wanted = journal.position();
                journal.whenReached(wanted, () -> {
                    if (journal.reached(wanted)) {
                        told.accumulateAndGet(number, Math::max);
                    }
                });
                if (i % 8 == 0) {
                    Thread.sleep(1);
                }
            }
            over.set(true);
            saver.join();
        }
        check(after, store.promised, mode + ", seed " + seed);
    }

    private static Snapshots snapshots(Path data, CommandHarness node) {
        return new Snapshots(
                data.resolve("snapshots"), node.keyspace, Clock.systemUTC(), System::nanoTime, 1 << 20, List::of);
    }

    private static void check(Path after, int promised, String as) throws IOException {
        CommandHarness next = new CommandHarness(Topologies.alone());
        CommandHarness.Connection reader = next.connect();
        Recovery.run(next.keyspace, snapshots(after, next).all(), after.resolve("journal"), next.now, true);
        String last = reader.run("GET n");
        int count = last.equals("$-1|") ? 0 : 1 + Integer.parseInt(last.split("\\|", -1)[1]);
        assertThat(count).as(as).isGreaterThan(promised);
        assertThat(reader.run("LLEN all")).as(as).isEqualTo(":" + count + "|");
        for (int i = 0; i < count; i++) {
            assertThat(reader.run("LINDEX all " + i)).as(as).endsWith("|" + i + "|");
        }
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void whatClientsWereToldIsBackOnceWhateverFailed(DurableImage.Mode mode, LogWatcher.Expected watched)
            throws Exception {
        watched.expect("journal:");
        for (long seed = 1; seed <= SEEDS; seed++) {
            run(mode, seed);
        }
    }
}
