package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.persist.copy.Copies;
import io.plinth.kvcache.persist.copy.CopyFile;
import io.plinth.kvcache.persist.copy.CopySettings;
import io.plinth.kvcache.persist.copy.CopyWish;
import io.plinth.kvcache.persist.snapshot.Snapshots;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A copy is the node at one moment, whatever is written between the slices of its image, and however little memory there is for it: with
 * little, elements of one key, and keys of one segment, are brought together in many ranges.
 */
@Timeout(60)
class CopySimTest {
    private static final int ELEMENTS = 1_000;

    @TempDir
    Path folder;

    /** Runs something between two slices, while no segment is held. */
    private static final class Between implements LongSupplier {
        private final Runnable action;
        private boolean held = true;

        Between(Runnable action) {
            this.action = action;
        }

        @Override
        public long getAsLong() {
            held = !held;
            if (held) {
                action.run();
            }
            return 0;
        }
    }

    private static void fill(PersistFixture life) {
        for (int from = 0; from < ELEMENTS; from += 100) {
            StringBuilder hash = new StringBuilder("HSET hash");
            StringBuilder set = new StringBuilder("SADD set");
            StringBuilder sorted = new StringBuilder("ZADD sorted");
            StringBuilder list = new StringBuilder("RPUSH list");
            for (int i = from; i < from + 100; i++) {
                hash.append(" f")
                        .append(i)
                        .append(" v")
                        .append("x".repeat(i % 90))
                        .append(i);
                set.append(" member").append(i).append("y".repeat(i % 70));
                sorted.append(' ').append(i % 97).append(" m").append(i).append("z".repeat(i % 80));
                list.append(" e").append(i).append("w".repeat(i % 90));
            }
            life.run(hash.toString(), set.toString(), sorted.toString(), list.toString());
            for (StringBuilder each : List.of(hash, set, sorted, list)) {
                life.run(each.toString().replaceFirst(" ([a-z])[a-z]+", " still-$1"));
            }
        }
        for (int i = 1; i <= ELEMENTS; i++) {
            life.run("XADD events " + i + "-1 number " + i + " text t" + "v".repeat(i % 60));
            life.run("XADD still-x " + i + "-1 number " + i + " text t" + "v".repeat(i % 60));
        }
        for (String stream : List.of("events", "still-x")) {
            life.run("XGROUP CREATE " + stream + " g1 0", "XGROUP CREATE " + stream + " g2 0");
            life.run("XREADGROUP GROUP g1 c1 COUNT 700 STREAMS " + stream + " >");
            life.run("XREADGROUP GROUP g1 c2 COUNT 100 STREAMS " + stream + " >");
            life.run("XREADGROUP GROUP g2 c1 COUNT 300 STREAMS " + stream + " >");
        }
        for (int i = 0; i < 300; i++) {
            life.run("SET k" + i + " " + i, "RPUSH q" + i + " a b " + i);
        }
        life.run(
                "SET long " + "l".repeat(300_000),
                "SET still-long " + "m".repeat(300_000),
                "PEXPIREAT set 99999999999998");
    }

    private static void run(CommandHarness.Connection client, String... commands) {
        for (String command : commands) {
            client.run(command);
        }
    }

    private static void change(CommandHarness.Connection client, SplittableRandom random) {
        int i = random.nextInt(2 * ELEMENTS);
        switch (random.nextInt(20)) {
            case 0, 1 -> run(client, "HSET hash f" + i + " w" + i);
            case 2 -> run(client, "HDEL hash f" + i, "HINCRBY hash n" + i % 7 + " 3");
            case 3 -> run(client, "SADD set m" + i);
            case 4 -> run(client, "SPOP set", "SREM set m" + i);
            case 5 -> run(client, "ZADD sorted " + i + " m" + i);
            case 6 -> run(client, "ZPOPMIN sorted");
            case 7 -> run(client, "LPUSH list x" + i, "RPUSH list y z");
            case 8 -> run(client, "LPOP list", "RPOP list 2");
            case 9 ->
                run(client, "LSET list " + i / 4 + " y" + i, "LINSERT list BEFORE y" + i + " z", "LREM list 1 y" + i);
            case 10 -> run(client, "LTRIM list 1 -2");
            case 11 -> run(client, "XADD events * f " + i, "XADD events * number " + i + " text u");
            case 12 -> run(client, "XDEL events " + i + "-1", "XTRIM events MAXLEN " + (ELEMENTS - i / 40));
            case 13 ->
                run(
                        client,
                        "XREADGROUP GROUP g2 c" + i % 4 + " COUNT 5 STREAMS events >",
                        "XACK events g1 " + i + "-1");
            case 14 -> run(client, "XGROUP DELCONSUMER events g2 c2", "XCLAIM events g1 c3 0 " + i + "-1");
            case 15 ->
                run(
                        client,
                        "APPEND long a" + i,
                        "SETRANGE long " + 50 * i + " part" + i,
                        "SETBIT long " + 7 * i + " 1");
            case 16 ->
                run(
                        client,
                        "SET k" + i % 400 + " new" + i,
                        "DEL k" + i % 300,
                        "RPUSH q" + i % 350 + " c",
                        "LPOP q" + i % 350);
            case 17 -> run(client, "MULTI", "HSET hash f" + i + " t", "RPUSH list t", "SADD set t" + i, "EXEC");
            case 18 -> run(client, "PEXPIREAT hash " + (88_888_888_888_888L + i), "PERSIST set");
            default -> {
                if (random.nextInt(40) == 0) {
                    run(
                            client,
                            List.of(
                                            "DEL hash",
                                            "DEL list",
                                            "RENAME sorted renamed",
                                            "RENAME events other",
                                            "COPY hash copied REPLACE",
                                            "DEL set")
                                    .get(random.nextInt(6)));
                }
            }
        }
    }

    private static String plain(String command) {
        // Files of this version have no tags, and no expiries of fields.
        return command.startsWith("CACHE.") || command.startsWith("HPEXPIREAT") ? "PING" : command;
    }

    private Copies copies(PersistFixture life, long memory, LongSupplier nanos) {
        Clock clock = Clock.fixed(Instant.ofEpochMilli(life.node.now), ZoneOffset.UTC);
        Snapshots snapshots = new Snapshots(folder, life.node.keyspace, clock, nanos, 64 << 20, List::of);
        return new Copies(
                folder.resolve("copies"),
                snapshots,
                List::of,
                List.of(),
                new CopySettings(2, memory, Duration.ofSeconds(60)),
                clock,
                task -> {
                    Thread thread = new Thread(task, "persist");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    private static byte[] take(Copies copies) throws Exception {
        CompletableFuture<CopyFile> asked = Objects.requireNonNull(copies.ask(CopyWish.ALL));
        CopyFile file = asked.get(50, TimeUnit.SECONDS);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (all.size() < file.size()) {
            all.writeBytes(file.read(all.size(), 1 << 20).get(20, TimeUnit.SECONDS));
        }
        copies.release(asked);
        return all.toByteArray();
    }

    /** Without what a file of Redis does not say: how a string came to be, and how a stream lies. */
    private static TreeMap<String, String> plain(TreeMap<String, String> contents) {
        contents.replaceAll((key, value) -> value.replaceAll("\\$\\d+\\|(raw|int|embstr)\\|", ""));
        return contents;
    }

    private TreeMap<String, String> read(byte[] file, String name) throws Exception {
        try (PersistFixture other = new PersistFixture(folder.resolve(name), "off", false)) {
            RdbImport.run(
                    name,
                    new ByteArrayInputStream(file),
                    64 << 20,
                    other.node.keyspace,
                    other.node.now,
                    library -> {},
                    () -> {});
            return plain(other.contents());
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 8388608, false", "2, 163840, false", "3, 8388608, true", "4, 163840, true", "5, 163840, false"})
    void isOfOneMomentWhateverIsWrittenMeanwhile(long seed, long memory, boolean flushes) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        RandomWrites writes = new RandomWrites(random);
        try (PersistFixture life = new PersistFixture(folder.resolve("life"), "off", false)) {
            fill(life);
            Runnable write = () -> {
                String command = writes.next();
                if (command != null && (flushes || !command.equals("FLUSHDB"))) {
                    life.run(plain(command));
                }
            };
            for (int i = 0; i < 500; i++) {
                write.run();
            }
            CommandHarness.Connection other = life.node.connect();
            int[] slices = new int[1];
            Between between = new Between(() -> {
                slices[0]++;
                for (int i = random.nextInt(3); i > 0; i--) {
                    write.run();
                    change(other, random);
                }
            });
            try (Copies copies = copies(life, memory, between)) {
                byte[] file = take(copies);
                assertThat(slices[0]).isGreaterThan(300);
                TreeMap<String, String> expected = plain(life.contents());
                if (!flushes) {
                    assertThat(expected.keySet()).contains("0/still-h", "0/still-l", "0/still-x", "0/still-long");
                }
                assertThat(read(file, "read")).as("seed %s", seed).isEqualTo(expected);
            }
        }
    }

    private Between writing(PersistFixture life, int most) {
        CommandHarness.Connection client = life.node.connect();
        SplittableRandom random = new SplittableRandom(most);
        return new Between(() -> {
            for (int i = random.nextInt(most); i > 0; i--) {
                change(client, random);
            }
        });
    }

    @Test
    void moreChangesThanThereIsRoomForEndItInWords() throws Exception {
        try (PersistFixture life = new PersistFixture(folder.resolve("life"), "off", false)) {
            fill(life);
            CommandHarness.Connection client = life.node.connect();
            boolean[] writes = {true};
            Between between = new Between(() -> {
                for (int i = 0; writes[0] && i < 30; i++) {
                    client.run("RPUSH list x");
                }
            });
            try (Copies copies = copies(life, 100_000, between)) {
                assertThatThrownBy(() -> take(copies))
                        .hasMessageContaining(
                                "what changed meanwhile takes more than 100000 bytes (expected: a larger");
                writes[0] = false;
                assertThat(read(take(copies), "again")).isEqualTo(plain(life.contents()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy.image", "copy.changes", "copy.spool", "copy.rdb"})
    void aDiskThatIsFullEndsItAndHarmsNothing(String file) throws Exception {
        try (PersistFixture life = new PersistFixture(folder.resolve("life"), "off", false)) {
            fill(life);
            for (int i = 0; i < 600; i++) {
                life.run("HSET hash long" + i + " " + "x".repeat(400));
            }
            try (Copies copies = copies(life, 160 << 10, writing(life, 3))) {
                Path place = Files.createDirectories(folder.resolve("copies"));
                Files.createSymbolicLink(place.resolve(file), Path.of("/dev/full"));
                assertThatThrownBy(() -> take(copies)).hasMessageContaining("No space left on device");
                assertThat(place).isEmptyDirectory();
                byte[] taken = take(copies);
                assertThat(read(taken, "again")).isEqualTo(plain(life.contents()));
                assertThat(place).isEmptyDirectory();
            }
        }
    }
}
