package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.persist.journal.ChronicleStore;
import io.plinth.kvcache.persist.journal.Journal;
import io.plinth.kvcache.persist.journal.JournalStore;
import io.plinth.kvcache.persist.journal.StoreDecorator;
import io.plinth.testkit.DurableImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The power goes at a seeded point: what was not synced is dropped or garbled; what {@code always} told a client of is there. */
@Timeout(600)
class PowerLossSimTest {
    private static final int SEEDS = Integer.getInteger("powerloss.seeds", 4);
    private static final long SEGMENT = 32 << 10;

    @TempDir
    Path folder;

    /** The store as it is, and what a disk would hold of it. */
    private static final class Watched extends StoreDecorator {
        private final DurableImage image;
        private final boolean syncs;

        Watched(JournalStore store, DurableImage image, boolean syncs) {
            super(store);
            this.image = image;
            this.syncs = syncs;
        }

        @Override
        public void sync() throws IOException {
            if (syncs) {
                super.sync();
                image.synced();
            }
        }
    }

    /** What clients were told and is not there after a cut, and what is there half; empty when all is well. */
    private List<String> cut(long seed, DurableImage.Mode mode, boolean syncs) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = folder.resolve(mode + "-" + seed + "-" + syncs);
        Path after = folder.resolve(mode + "-" + seed + "-" + syncs + "-after");
        Files.createDirectories(data.resolve("journal"));
        Files.createDirectories(after.resolve("journal"));
        DurableImage image = new DurableImage(data);
        CommandHarness node = new CommandHarness(Topologies.alone());
        CommandHarness.Connection client = node.connect();
        ConcurrentSkipListSet<Integer> told = new ConcurrentSkipListSet<>();
        List<Integer> promised;
        int writes = 100 + random.nextInt(300);
        try (Journal journal = new Journal(
                new Watched(new ChronicleStore(data.resolve("journal"), SEGMENT, 1), image, syncs),
                true,
                1 << 20,
                System::nanoTime,
                Thread::new)) {
            node.keyspace.listen(journal);
            for (int i = 0; i < writes; i++) {
                int number = i;
                client.run("MSET a" + i + " " + "x".repeat(random.nextInt(200)) + i + " b" + i + " " + i);
                journal.whenReached(journal.position(), () -> told.add(number));
                if (random.nextInt(40) == 0) {
                    // A client that waits for its answer.
                    while (!told.contains(number)) {
                        Thread.onSpinWait();
                    }
                }
            }
            promised = List.copyOf(told);
            image.crash(random, mode, after);
        }
        return missing(after, promised, writes);
    }

    private static List<String> missing(Path after, List<Integer> promised, int writes) throws IOException {
        CommandHarness next = new CommandHarness(Topologies.alone());
        CommandHarness.Connection reader = next.connect();
        Recovery.run(next.keyspace, new TreeMap<>(), after.resolve("journal"), next.now, true);
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < writes; i++) {
            boolean first = reader.run("GET a" + i).endsWith(i + "|");
            boolean second = reader.run("GET b" + i).endsWith("|" + i + "|");
            if (first != second) {
                wrong.add("half of " + i);
            } else if (promised.contains(i) && !first) {
                wrong.add("lost " + i);
            }
        }
        return wrong;
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void whatClientsWereToldSurvivesTheCut(DurableImage.Mode mode) throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(cut(seed, mode, true)).as("%s, seed %s", mode, seed).isEmpty();
        }
    }

    @Test
    void aSyncThatDoesNothingIsFoundOut() throws Exception {
        assertThat(cut(1, DurableImage.Mode.DROP, false)).isNotEmpty();
    }
}
