package io.plinth.dbproxy.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.DurableImage;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The power goes at a seeded point: every decision that a shard was told of is still known, and no other one is invented. */
@Timeout(120)
class DecisionLogSimTest {
    private static final int SEEDS = Integer.getInteger("powerloss.seeds", 6);

    @TempDir
    Path folder;

    /** The file as it is, and what a disk would hold of it. */
    private record Watched(DecisionStore store, DurableImage image, boolean syncs) implements DecisionStore {
        @Override
        public ByteBuffer read() throws IOException {
            return store.read();
        }

        @Override
        public void append(ByteBuffer bytes) throws IOException {
            store.append(bytes);
        }

        @Override
        public void sync() throws IOException {
            if (syncs) {
                store.sync();
                image.synced();
            }
        }

        @Override
        public void replace(ByteBuffer contents) throws IOException {
            store.replace(contents);
            image.synced();
        }

        @Override
        public void close() throws IOException {
            store.close();
        }
    }

    private static DecisionLog open(DecisionStore store, long chance) throws IOException {
        return new DecisionLog(store, chance, 4096, Thread::new);
    }

    private static TransactionId id(long number) {
        return new TransactionId(7, number);
    }

    private static Decision decision(long number) {
        return new Decision(id(number), "shop", List.of("s0", "s1"));
    }

    /** Decisions that shards were told of and that are gone after the cut, and those that nobody made. */
    private List<String> cut(long seed, DurableImage.Mode mode, boolean syncs) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = Files.createDirectories(folder.resolve(mode + "-" + seed + "-" + syncs));
        Path after = Files.createDirectories(folder.resolve(mode + "-" + seed + "-" + syncs + "-after"));
        DurableImage image = new DurableImage(data);
        Set<Long> told = new ConcurrentSkipListSet<>();
        Set<Long> wished = ConcurrentHashMap.newKeySet();
        List<Long> promised;
        int decisions = 50 + random.nextInt(200);
        try (DecisionLog log = open(new Watched(new DecisionFile(data.resolve("log")), image, syncs), 7)) {
            for (long i = 1; i <= decisions; i++) {
                long number = i;
                wished.add(number);
                CountDownLatch answered = new CountDownLatch(1);
                log.decide(decision(number), outcome -> {
                    if (outcome == DecisionLog.Outcome.DECIDED) {
                        told.add(number);
                    }
                    answered.countDown();
                });
                if (random.nextInt(20) == 0) {
                    assertThat(answered.await(60, TimeUnit.SECONDS)).isTrue();
                    log.settled(id(number), "s0");
                    if (random.nextBoolean()) {
                        log.settled(id(number), "s1");
                    }
                }
            }
            promised = List.copyOf(told);
            image.crash(random, mode, after);
        }
        List<String> wrong = new ArrayList<>();
        try (DecisionLog log = open(new DecisionFile(after.resolve("log")), 8)) {
            promised.stream().filter(number -> !log.decided(id(number))).forEach(number -> wrong.add("lost " + number));
            for (Decision found : log.unsettled()) {
                if (!wished.contains(found.id().number())
                        || !found.equals(decision(found.id().number()))) {
                    wrong.add("invented " + found);
                }
            }
        }
        return wrong;
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void whatShardsWereToldIsKnownAfterTheCut(DurableImage.Mode mode) throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(cut(seed, mode, true)).as("%s, seed %s", mode, seed).isEmpty();
        }
    }

    @Test
    void aSyncThatDoesNothingIsFoundOut() throws Exception {
        assertThat(cut(1, DurableImage.Mode.DROP, false)).isNotEmpty();
    }

    @Test
    void aNewRunKnowsItsOwnerAndWhatIsNotSettledAndDrawsNewNumbers() throws Exception {
        Path file = folder.resolve("log");
        try (DecisionLog log = open(new DecisionFile(file), 1)) {
            for (long i = 1; i <= 300; i++) {
                CountDownLatch answered = new CountDownLatch(1);
                log.decide(decision(i), outcome -> answered.countDown());
                assertThat(answered.await(60, TimeUnit.SECONDS)).isTrue();
                log.settled(id(i), "s0");
                if (i != 150) {
                    log.settled(id(i), "s1");
                }
            }
        }
        try (DecisionLog log = open(new DecisionFile(file), 2)) {
            assertThat(log.owner()).isEqualTo(1);
            assertThat(log.start()).isEqualTo(2);
            assertThat(log.unsettled()).containsExactly(decision(150));
            assertThat(log.unsettled("shop", "s1")).containsExactly(id(150));
            assertThat(log.decided(id(3))).as("settled ones are remembered").isTrue();
            assertThat(log.decided(id(301))).isFalse();
        }
    }

    /** A disk that fails its second sync. */
    private static final class Failing implements DecisionStore {
        private final DecisionStore store;
        private int syncs;

        Failing(DecisionStore store) {
            this.store = store;
        }

        @Override
        public ByteBuffer read() throws IOException {
            return store.read();
        }

        @Override
        public void append(ByteBuffer bytes) throws IOException {
            store.append(bytes);
        }

        @Override
        public void sync() throws IOException {
            if (++syncs == 2) {
                throw new IOException("no space left");
            }
        }

        @Override
        public void replace(ByteBuffer contents) throws IOException {
            store.replace(contents);
        }

        @Override
        public void close() throws IOException {
            store.close();
        }
    }

    @Test
    void aFailingDiskLeavesTheOutcomeUnknownAndRefusesWhatComesLater(LogWatcher.Expected log) throws Exception {
        log.expect("the log of decisions cannot be written");
        List<DecisionLog.Outcome> outcomes = new ArrayList<>();
        try (DecisionLog failing = open(new Failing(new DecisionFile(folder.resolve("log"))), 1)) {
            for (long i = 1; i <= 3; i++) {
                CountDownLatch answered = new CountDownLatch(1);
                failing.decide(decision(i), outcome -> {
                    outcomes.add(outcome);
                    answered.countDown();
                });
                assertThat(answered.await(60, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(failing.broken()).isTrue();
        }
        assertThat(outcomes)
                .containsExactly(DecisionLog.Outcome.DECIDED, DecisionLog.Outcome.UNKNOWN, DecisionLog.Outcome.REFUSED);
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private static void decide(DecisionLog log, long number) throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        log.decide(decision(number), outcome -> answered.countDown());
        assertThat(answered.await(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void damageToWhatWasSyncedIsRefusedAndATornEndIsNot() throws Exception {
        Path file = folder.resolve("log");
        int[] ends = new int[4];
        try (DecisionLog log = open(new DecisionFile(file), 1)) {
            for (int i = 1; i <= 3; i++) {
                decide(log, i);
                ends[i] = (int) Files.size(file);
            }
        }
        byte[] whole = Files.readAllBytes(file);
        for (int at : new int[] {DecisionRecords.HEADER, DecisionRecords.HEADER + 20, ends[1] + 30}) {
            Files.write(file, whole);
            flip(file, at);
            assertThatThrownBy(() -> open(new DecisionFile(file), 1))
                    .as("byte %s", at)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged at byte");
        }
        Files.write(file, whole);
        flip(file, ends[2] + 30);
        try (DecisionLog log = open(new DecisionFile(file), 1)) {
            assertThat(log.unsettled()).containsExactlyInAnyOrder(decision(1), decision(2));
        }
        flip(file, ends[2] - 1);
        assertThatThrownBy(() -> open(new DecisionFile(file), 1))
                .as("written anew, its last record is not the end of what may be torn")
                .hasMessageContaining("damaged at byte");
    }

    @Test
    void anotherFileIsRefused() throws Exception {
        Path file = folder.resolve("log");
        Files.writeString(file, "something else, long enough to be one");
        assertThatThrownBy(() -> open(new DecisionFile(file), 1)).isInstanceOf(IOException.class);
    }
}
