package io.plinth.deploy.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.deploy.start.FollowedLog;
import io.plinth.deploy.start.LogTail;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that writes lines as fast as it can while its log is put aside again and again. */
@Timeout(120)
class LogRotationIT {
    private static final int FILES = 6;
    private static final int SIZE = 50_000;
    private static final int KEPT = 1_000;

    @TempDir
    Path folder;

    /** What the process does. */
    static final class Writer {
        private Writer() {}

        /** Log, how many earlier ones are kept, how many files are begun, what stands before each line. */
        public static void main(String[] arguments) throws InterruptedException {
            LogRotation rotation = new LogRotation(Path.of(arguments[0]), SIZE, Integer.parseInt(arguments[1]), 1);
            Thread rotating = Thread.ofPlatform().daemon().start(rotation);
            Object file = null;
            int files = 0;
            for (int i = 0; files < Integer.parseInt(arguments[2]); i++) {
                System.out.println(arguments[3] + i);
                if (i % 100 == 0) {
                    Object now = keyOf(Path.of(arguments[0]));
                    files += now == null || now.equals(file) ? 0 : 1;
                    file = now == null ? file : now;
                }
            }
            // Not in the middle of it, as the files are counted.
            rotating.interrupt();
            rotating.join();
            System.err.println("the end");
        }

        private static @Nullable Object keyOf(Path log) {
            try {
                return Files.readAttributes(log, BasicFileAttributes.class).fileKey();
            } catch (IOException e) {
                // Put aside just now.
                return null;
            }
        }
    }

    private Process write(Path log, int kept) throws Exception {
        return write(log, kept, FILES, "");
    }

    private static Process write(Path log, int kept, int files, String prefix) throws Exception {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                log.toString(),
                String.valueOf(kept),
                String.valueOf(files),
                prefix);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    @Test
    void noLineIsLost() throws Exception {
        Path log = Files.createFile(folder.resolve("kv-1.log"));
        assertThat(write(log, KEPT).waitFor(90, TimeUnit.SECONDS)).isTrue();
        StringBuilder all = new StringBuilder();
        int turns = 1;
        while (Files.exists(LogRotation.earlier(log, turns))) {
            turns++;
        }
        assertThat(turns).as("files").isGreaterThanOrEqualTo(FILES);
        for (int turn = turns - 1; turn > 0; turn--) {
            all.append(Files.readString(LogRotation.earlier(log, turn)));
        }
        all.append(Files.readString(log));
        List<String> written = all.toString().lines().toList();
        List<String> lines = new ArrayList<>(
                IntStream.range(0, written.size() - 1).mapToObj(String::valueOf).toList());
        lines.add("the end");
        // Too many to be shown.
        assertThat(written.equals(lines)).as("%s lines in order", lines.size()).isTrue();
    }

    /** As while one process hands a node over to another. */
    @Test
    void twoProcessesPutNothingAsideButWhatIsTooLarge() throws Exception {
        Path log = Files.createFile(folder.resolve("kv-1.log"));
        Process one = write(log, KEPT, 20, "a ");
        Process other = write(log, KEPT, 20, "b ");
        assertThat(one.waitFor(90, TimeUnit.SECONDS)).isTrue();
        assertThat(other.waitFor(90, TimeUnit.SECONDS)).isTrue();
        List<String> lines = new ArrayList<>();
        for (int turn = 1; Files.exists(LogRotation.earlier(log, turn)); turn++) {
            Path earlier = LogRotation.earlier(log, turn);
            assertThat(Files.size(earlier)).as("%s", earlier).isGreaterThanOrEqualTo(SIZE);
            lines.addAll(0, Files.readAllLines(earlier));
        }
        lines.addAll(Files.readAllLines(log));
        for (String prefix : List.of("a ", "b ")) {
            List<String> own =
                    lines.stream().filter(line -> line.startsWith(prefix)).toList();
            assertThat(own).hasSizeGreaterThan(FILES);
            assertThat(new HashSet<>(own)).as("lines of %s", prefix).hasSameSizeAs(own);
            assertThat(own).contains(prefix + (own.size() - 1));
        }
        assertThat(lines).filteredOn("the end"::equals).hasSize(2);
    }

    @Test
    void whoFollowsMissesNoFileOfThoseThatWerePutAsideSinceTheLastLook() throws Exception {
        Path log = Files.writeString(folder.resolve("kv-1.log"), "");
        try (FollowedLog follower = new FollowedLog(log)) {
            Files.writeString(log, "one\n");
            String large = "x".repeat(100) + "\n";
            Files.move(log, LogRotation.earlier(log, 3));
            Files.writeString(LogRotation.earlier(log, 2), "two\n");
            Files.writeString(LogRotation.earlier(log, 1), large.repeat(30_000));
            Files.writeString(log, "four\n");
            StringBuilder all = new StringBuilder();
            for (String added = follower.next(); !added.isEmpty(); added = follower.next()) {
                all.append(added);
            }
            assertThat(all.toString().equals("one\ntwo\n" + large.repeat(30_000) + "four\n"))
                    .as("%s characters in order", all.length())
                    .isTrue();
        }
    }

    @Test
    void whoBeginsToFollowWhileTheLogIsPutAsideWaitsForTheNextOne() throws Exception {
        Path log = folder.resolve("kv-1.log");
        Files.writeString(LogRotation.earlier(log, 1), "before\n");
        try (FollowedLog follower = new FollowedLog(log)) {
            assertThat(follower.next()).isEmpty();
            assertThat(LogTail.last(log, 10)).containsExactly("before");
            Files.writeString(LogRotation.earlier(log, 1), "late\n", StandardOpenOption.APPEND);
            assertThat(follower.next()).isEqualTo("late\n");
            Files.writeString(log, "new\n");
            assertThat(follower.next()).isEqualTo("new\n");
        }
    }

    @Test
    void whatNobodyWritesToIsPutAsideBeforeItsWriterStarts() throws Exception {
        Path log = folder.resolve("web-1.log");
        LogRotation.atStart(log, 3, 2);
        for (String text : List.of("one", "two", "three")) {
            Files.writeString(log, text);
            LogRotation.atStart(log, 3, 2);
            assertThat(log).doesNotExist();
        }
        assertThat(LogRotation.earlier(log, 1)).hasContent("three");
        assertThat(LogRotation.earlier(log, 2)).hasContent("two");
        assertThat(LogRotation.earlier(log, 3)).doesNotExist();
        Files.writeString(log, "4");
        LogRotation.atStart(log, 3, 2);
        assertThat(log).hasContent("4");
    }

    @Test
    void theFileBeforeIsNoPartOfTheLastLinesWhereTheLogIsNotReadFromItsBeginning() throws Exception {
        Path log = folder.resolve("kv-1.log");
        Files.writeString(LogRotation.earlier(log, 1), "before\n");
        Files.writeString(log, ("x".repeat(999) + "\n").repeat(100));
        assertThat(LogTail.last(log, 90)).hasSizeBetween(65, 66).doesNotContain("before");
    }

    @Test
    void whoFollowsSeesTheRestOfTheOldFileAndThenTheNewOne() throws Exception {
        Path log = Files.writeString(folder.resolve("kv-1.log"), "before\n");
        try (FollowedLog follower = new FollowedLog(log)) {
            assertThat(follower.next()).isEmpty();
            Files.writeString(log, "one\ntw", StandardOpenOption.APPEND);
            assertThat(follower.next()).isEqualTo("one\n");
            Files.move(log, LogRotation.earlier(log, 1));
            Files.writeString(LogRotation.earlier(log, 1), "o\nthree\n", StandardOpenOption.APPEND);
            assertThat(follower.next()).isEqualTo("two\nthree\n");
            Files.writeString(log, "four\n");
            assertThat(follower.next()).isEqualTo("four\n");
        }
    }

    @Test
    void onlySoManyAreKeptAndTheLastLinesAreFoundInTheOneBeforeToo() throws Exception {
        Path log = Files.createFile(folder.resolve("kv-1.log"));
        assertThat(write(log, 1).waitFor(90, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.exists(LogRotation.earlier(log, 1))).isTrue();
        assertThat(Files.exists(LogRotation.earlier(log, 2))).isFalse();
        Files.writeString(log, "one\ntwo\n");
        Files.writeString(LogRotation.earlier(log, 1), "minus one\nzero\n");
        assertThat(LogTail.last(log, 3)).containsExactly("zero", "one", "two");
        assertThat(LogTail.last(log, 2)).containsExactly("one", "two");
    }
}
