package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.command.CommandHarness;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written, in random commands of all kinds, is there in the next life, and in the one after it. */
@Timeout(120)
class RecoverySimTest {
    private static final int COMMANDS = 1_500;

    @TempDir
    Path folder;

    private static void write(PersistFixture life, RandomWrites writes, boolean saves) {
        for (int i = 0; i < COMMANDS; i++) {
            String command = writes.next();
            if (command != null) {
                life.run(command);
            }
            if (saves && i % 300 == 150) {
                // Walks while commands go on; a second one at a time is refused.
                life.persistence.save();
            }
        }
        life.run("EXEC");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theJournalBringsEverythingBack(long seed) throws Exception {
        TreeMap<String, String> before;
        RandomWrites writes = new RandomWrites(new SplittableRandom(seed));
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            write(life, writes, false);
            before = life.contents();
        }
        assertThat(before).hasSizeGreaterThan(10);
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            assertThat(life.recovery.damages()).isEmpty();
            assertThat(life.recovery.misfits()).as("seed %s", seed).isZero();
            same(seed, life.contents(), before);
            write(life, writes, false);
            before = life.contents();
        }
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            same(seed, life.contents(), before);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void aSnapshotMadeDuringWritesAndTheJournalSinceAgree(long seed) throws Exception {
        TreeMap<String, String> before;
        RandomWrites writes = new RandomWrites(new SplittableRandom(seed));
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            write(life, writes, true);
            before = life.contents();
        }
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            assertThat(life.recovery.snapshot()).isNotNull();
            assertThat(life.recovery.damages()).isEmpty();
            assertThat(life.recovery.misfits()).as("seed %s", seed).isZero();
            same(seed, life.contents(), before);
            write(life, writes, true);
            before = life.contents();
        }
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            same(seed, life.contents(), before);
        }
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            same(seed, life.contents(), before);
        }
    }

    @Test
    void whatComesAfterASnapshotThatTheJournalHadNothingBehindIsReadAsWell() throws Exception {
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            life.run("SET a 1");
            CompletableFuture<?> saved = life.persistence.save();
            assertThat(saved).isNotNull();
            saved.get(30, TimeUnit.SECONDS);
        }
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            life.run("SET b 2");
        }
        try (PersistFixture life = new PersistFixture(folder, "everysec", false)) {
            assertThat(life.client.run("MGET a b")).isEqualTo("*2|$1|1|$1|2|");
        }
    }

    @ParameterizedTest
    @CsvSource({"everysec, false", "everysec, true", "off, true"})
    void functionsAreBackAsTheyWereLast(String journal, boolean saves) throws Exception {
        byte[] first = "#!lua name=first\n".getBytes(StandardCharsets.ISO_8859_1);
        byte[] second = "#!lua name=second\n".getBytes(StandardCharsets.ISO_8859_1);
        try (PersistFixture life = new PersistFixture(folder, journal, false)) {
            life.functions.add(first);
            life.persistence.libraries(life.functions);
            if (saves) {
                CompletableFuture<?> saved = life.persistence.save();
                assertThat(saved).isNotNull();
                saved.get(30, TimeUnit.SECONDS);
            }
            life.functions.add(second);
            life.persistence.libraries(life.functions);
        }
        try (PersistFixture life = new PersistFixture(folder, journal, false)) {
            assertThat(life.recovery.damages()).isEmpty();
            if (journal.equals("off")) {
                assertThat(life.functions).containsExactly(first);
            } else {
                assertThat(life.functions).containsExactly(first, second);
            }
        }
    }

    @Test
    void aStopLeavesASnapshotThatIsUsedOnce() throws Exception {
        TreeMap<String, String> before;
        try (PersistFixture life = new PersistFixture(folder, "off", true)) {
            write(life, new RandomWrites(new SplittableRandom(21)), false);
            before = life.contents();
        }
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            same(21, life.contents(), before);
        }
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            assertThat(life.contents()).as("after a life that left nothing").isEmpty();
        }
    }

    @Test
    void withoutAJournalASnapshotHasTransactionsWholeAndIsOfOneMoment() throws Exception {
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            for (int i = 0; i < 3_000; i++) {
                life.run("SET filler" + i + " " + i);
            }
            CommandHarness.Connection client = life.client;
            life.run("SET a 0", "SET b 0", "MULTI", "INCR c", "LPUSH d x", "EXEC");
            CompletableFuture<?> saved = life.persistence.save();
            assertThat(saved).isNotNull();
            // Each key a is written before its b, c and d in one transaction, and of those that go only one is ever
            // there.
            for (int i = 0; !saved.isDone(); i++) {
                client.run("SET a " + i);
                client.run("SET b " + i);
                client.run("MULTI");
                client.run("INCR c");
                client.run("LPUSH d x");
                client.run("EXEC");
                client.run("SET gone" + i % 500 + " x");
                client.run("DEL gone" + i % 500);
            }
            saved.get(30, TimeUnit.SECONDS);
        }
        try (PersistFixture life = new PersistFixture(folder, "off", false)) {
            CommandHarness.Connection client = life.client;
            assertThat(client.run("GET c").replaceAll("\\$\\d+\\|", ":")).isEqualTo(client.run("LLEN d"));
            int a = number(client.run("GET a"));
            int b = number(client.run("GET b"));
            assertThat(a - b).as("a %s, b %s", a, b).isBetween(0, 1);
            assertThat(client.run("KEYS gone*")).as("keys that had gone").matches("\\*[01]\\|.*");
            assertThat(client.run("GET filler2999")).isEqualTo("$4|2999|");
        }
    }

    /** Names the first key that differs, and not everything. */
    private static void same(long seed, TreeMap<String, String> after, TreeMap<String, String> before) {
        assertThat(after.keySet()).as("seed %s", seed).isEqualTo(before.keySet());
        before.forEach((key, value) -> assertThat(String.valueOf(after.get(key)).replaceAll("x{100,}", "X"))
                .as("seed %s, %s", seed, key)
                .isEqualTo(value.replaceAll("x{100,}", "X")));
    }

    private static int number(String bulk) {
        return Integer.parseInt(bulk.split("\\|", -1)[1]);
    }
}
