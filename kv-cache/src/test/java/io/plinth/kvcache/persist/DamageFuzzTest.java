package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files are cut short and bytes in them flipped: what is damaged is reported, and the rest is there and right. */
@Timeout(600)
class DamageFuzzTest {
    private static final int SEEDS = Integer.getInteger("damage.seeds", 12);
    private static final int KEYS = 2_000;

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

    /** As a process leaves it that is killed while it copies the last excerpt into the map. */
    @Test
    void ofAnExcerptThatIsNotWrittenToItsEndTheBeginIsKept() throws Exception {
        Path whole = folder.resolve("whole");
        write(whole, false);
        int used = used(file(whole));
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Path torn = folder.resolve("unwritten-" + seed);
            copy(whole, torn);
            int left = used - 16 - random.nextInt(seed % 2 == 0 ? 2_000 : 220_000);
            try (RandomAccessFile file = new RandomAccessFile(file(torn).toFile(), "rw")) {
                file.seek(left);
                file.write(new byte[used - left]);
            }
            try (PersistFixture life = new PersistFixture(torn, "everysec", false)) {
                List<String> missing = missing(life);
                assertThat(life.recovery.damages()).as("seed %s", seed).isEmpty();
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
