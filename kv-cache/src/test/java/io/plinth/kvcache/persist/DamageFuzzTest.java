package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files are cut short and bytes in them flipped: what is damaged is reported, and the rest is there and right. */
@Timeout(600)
class DamageFuzzTest {
    private static final int SEEDS = Integer.getInteger("damage.seeds", 12);
    private static final int KEYS = 2_000;
    /** Of an excerpt's head. */
    private static final long MAGIC = 0x506c4b764a726e31L;

    @TempDir
    Path folder;

    private static void write(Path data, boolean snapshot) throws Exception {
        try (PersistFixture life = new PersistFixture(data, snapshot ? "off" : "everysec", snapshot)) {
            for (int i = 0; i < KEYS; i++) {
                life.run("SET key" + i + " value" + i + "-" + "v".repeat(i % 100));
            }
            life.run("SET large " + "L".repeat(200_000));
        }
    }

    private static Path file(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            return files.filter(path -> path.toString().endsWith(".cq4")
                            || path.getFileName().toString().startsWith("snapshot-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path each : files.toList()) {
                Path target = to.resolve(from.relativize(each).toString());
                if (Files.isDirectory(each)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(each, target);
                }
            }
        }
    }

    /** Where the last byte is that is not zero. */
    private static int used(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /** Where the last excerpt begins, which has no records and says that none is missing before it. */
    private static int mark(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        int at = used(file) / 4 * 4;
        while (bytes.getLong(at) != MAGIC) {
            at -= 4;
        }
        return at - 4;
    }

    private static List<String> missing(PersistFixture life) {
        List<String> missing = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            String value = "value" + i + "-" + "v".repeat(i % 100);
            String found = life.client.run("GET key" + i);
            if (!found.equals("$" + value.length() + "|" + value + "|")) {
                assertThat(found).as("key%s", i).isEqualTo("$-1|");
                missing.add("key" + i);
            }
        }
        String large = life.client.run("GET large");
        if (!large.endsWith("|" + "L".repeat(200_000) + "|")) {
            assertThat(large).isEqualTo("$-1|");
            missing.add("large");
        }
        return missing;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flippedBytesCostLittleAndAreReported(boolean snapshot) throws Exception {
        Path whole = folder.resolve("whole");
        write(whole, snapshot);
        int used = used(file(whole));
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Path damaged = folder.resolve("flipped-" + seed);
            copy(whole, damaged);
            int flips = 1 + random.nextInt(3);
            try (RandomAccessFile file = new RandomAccessFile(file(damaged).toFile(), "rw")) {
                for (int i = 0; i < flips; i++) {
                    int at = random.nextInt(used);
                    file.seek(at);
                    int was = file.read();
                    file.seek(at);
                    file.write(was ^ (1 << random.nextInt(8)));
                }
            }
            try (PersistFixture life = new PersistFixture(damaged, snapshot ? "off" : "everysec", false)) {
                List<String> missing = missing(life);
                assertThat(missing.size()).as("seed %s", seed).isLessThanOrEqualTo(flips * 500);
                if (!missing.isEmpty()) {
                    assertThat(life.recovery.damages()).as("seed %s", seed).isNotEmpty();
                }
                // What comes after is kept as well.
                life.run("SET key0 value0-", "SET new one");
                assertThat(life.client.run("GET new")).isEqualTo("$3|one|");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ofATornFileTheBeginIsKept(boolean snapshot) throws Exception {
        Path whole = folder.resolve("whole");
        write(whole, snapshot);
        int used = used(file(whole));
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Path torn = folder.resolve("torn-" + seed);
            copy(whole, torn);
            int left = used / 4 + random.nextInt(used / 2);
            try (RandomAccessFile file = new RandomAccessFile(file(torn).toFile(), "rw")) {
                file.setLength(left);
            }
            try (PersistFixture life = new PersistFixture(torn, snapshot ? "off" : "everysec", false)) {
                List<String> missing = missing(life);
                if (snapshot) {
                    assertThat(life.recovery.damages()).as("seed %s", seed).isNotEmpty();
                } else {
                    assertThat(life.recovery.damages()).as("seed %s", seed).isEmpty();
                    int first = missing.isEmpty() || missing.getFirst().equals("large")
                            ? KEYS
                            : Integer.parseInt(missing.getFirst().substring(3));
                    assertThat(missing).as("seed %s: a prefix is there", seed).hasSize(KEYS - first + 1);
                }
            }
        }
    }

    /** What a process left that was killed has no mark at its end; {@code flushed} so that all was acknowledged. */
    private static void killed(Path data, Path to) throws Exception {
        try (PersistFixture life = new PersistFixture(data, "everysec", false)) {
            for (int i = 0; i < KEYS; i++) {
                life.run("SET key" + i + " value" + i + "-" + "v".repeat(i % 100));
                if (i % 500 == 499) {
                    flushed(life);
                }
            }
            life.run("SET large " + "L".repeat(200_000));
            flushed(life);
            copy(data, to);
        }
    }

    private static void flushed(PersistFixture life) throws Exception {
        Objects.requireNonNull(life.persistence.journal()).flushed().get(30, TimeUnit.SECONDS);
    }

    /** All that was acknowledged is back, or a start says where something is lost: also in the last excerpt, its head and its mark. */
    @ParameterizedTest
    @CsvSource({"false, 64", "true, 64", "false, 4096", "true, 4096"})
    void whatAHoleTakesIsTold(boolean killed, int hole) throws Exception {
        Path whole = folder.resolve("whole");
        if (killed) {
            killed(folder.resolve("alive"), whole);
        } else {
            write(whole, false);
        }
        int used = used(file(whole));
        int lost = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Path damaged = folder.resolve("hole-" + seed);
            copy(whole, damaged);
            // Every third near the end, where there is nothing behind it to go on from.
            int at = seed % 3 == 0 ? used - hole - random.nextInt(300) : random.nextInt(used - hole);
            try (RandomAccessFile file = new RandomAccessFile(file(damaged).toFile(), "rw")) {
                file.seek(at);
                file.write(new byte[hole]);
            }
            try (PersistFixture life = new PersistFixture(damaged, "everysec", false)) {
                List<String> missing = missing(life);
                lost += missing.size();
                if (!missing.isEmpty()) {
                    assertThat(life.recovery.damages().size()
                                    + life.recovery.torn().size())
                            .as("seed %s, bytes %s to %s", seed, at, at + hole)
                            .isPositive();
                    assertThat(life.persistence.damages() + life.persistence.torn())
                            .isPositive();
                }
                assertThat(missing.size()).as("seed %s", seed).isLessThanOrEqualTo(1_000);
            }
        }
        assertThat(lost).as("holes that took something").isPositive();
    }

    /** The length of a record in several excerpts says that it has more of them. */
    @Test
    void aLengthThatIsTooLongTakesNoOthersAlong() throws Exception {
        Path whole = folder.resolve("whole");
        try (PersistFixture life = new PersistFixture(whole, "everysec", false)) {
            life.run("SET large " + "L".repeat(200_000));
            for (int i = 0; i < KEYS; i++) {
                life.run("SET key" + i + " value" + i + "-" + "v".repeat(i % 100));
            }
        }
        Path file = file(whole);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        int changed = 0;
        for (int at = 0; at + 40 < bytes.limit(); at += 4) {
            // Behind the head stands the first record's length.
            if (bytes.getLong(at) == MAGIC && bytes.getInt(at + 20) == 0 && bytes.getInt(at + 28) > 200_000) {
                bytes.putInt(at + 28, 30_000_000);
                changed++;
            }
        }
        assertThat(changed).isEqualTo(1);
        Files.write(file, bytes.array());
        try (PersistFixture life = new PersistFixture(whole, "everysec", false)) {
            assertThat(life.recovery.damages()).hasSize(1);
            assertThat(missing(life)).containsExactly("large");
        }
    }

    @Test
    void segmentsThatAreNotThereAreTold() throws Exception {
        Path whole = folder.resolve("whole");
        for (int i = 0; i < 3; i++) {
            try (PersistFixture life = new PersistFixture(whole, "everysec", false)) {
                life.run("SET key" + i + " v");
            }
        }
        try (Stream<Path> files = Files.walk(whole.resolve("journal/seg-00000002"))) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
        try (PersistFixture life = new PersistFixture(whole, "everysec", false)) {
            assertThat(life.client.run("MGET key0 key1 key2")).isEqualTo("*3|$1|v|$-1|$1|v|");
            assertThat(life.recovery.damages()).hasSize(1);
        }
    }

    /** As a process leaves it that is killed while it copies the last excerpt into the map. */
    @Test
    void ofAnExcerptThatIsNotWrittenToItsEndTheBeginIsKept() throws Exception {
        Path whole = folder.resolve("whole");
        write(whole, false);
        int used = used(file(whole));
        int entries = mark(file(whole));
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Path torn = folder.resolve("unwritten-" + seed);
            copy(whole, torn);
            int left = entries - 16 - random.nextInt(seed % 2 == 0 ? 2_000 : 220_000);
            try (RandomAccessFile file = new RandomAccessFile(file(torn).toFile(), "rw")) {
                file.seek(left);
                file.write(new byte[used - left]);
            }
            try (PersistFixture life = new PersistFixture(torn, "everysec", false)) {
                List<String> missing = missing(life);
                assertThat(life.recovery.damages()).as("seed %s", seed).isEmpty();
                assertThat(life.recovery.torn()).as("seed %s", seed).hasSize(1);
                int first = missing.getFirst().equals("large")
                        ? KEYS
                        : Integer.parseInt(missing.getFirst().substring(3));
                assertThat(missing).as("seed %s: a prefix is there", seed).hasSize(KEYS - first + 1);
                // What comes after is kept as well.
                life.run("SET new one");
                assertThat(life.client.run("GET new")).isEqualTo("$3|one|");
            }
        }
    }
}
