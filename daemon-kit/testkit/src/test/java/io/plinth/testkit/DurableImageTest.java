package io.plinth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DurableImageTest {
    @TempDir
    Path temporary;

    private Path folder;
    private Path log;

    @BeforeEach
    void startWithASyncedLog() throws IOException {
        folder = Files.createDirectories(temporary.resolve("data"));
        log = folder.resolve("log");
        Files.writeString(log, "synced");
    }

    @Test
    void whatWasNotSyncedIsLost() throws IOException {
        DurableImage image = new DurableImage(folder);
        append("-lost");
        Files.writeString(folder.resolve("new"), "new");
        image.crash(new SplittableRandom(1), DurableImage.Mode.DROP);
        assertThat(log).hasContent("synced");
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void whatWasSyncedStays() throws IOException {
        DurableImage image = new DurableImage(folder);
        append("-later");
        image.synced();
        append("-lost");
        image.crash(new SplittableRandom(1), DurableImage.Mode.DROP);
        assertThat(log).hasContent("synced-later");
    }

    @Test
    void aDeletedFileComesBackUnlessItsDeletionWasSynced() throws IOException {
        DurableImage image = new DurableImage(folder);
        Files.delete(log);
        image.crash(new SplittableRandom(1), DurableImage.Mode.DROP);
        assertThat(log).hasContent("synced");
        Files.delete(log);
        image.synced();
        image.crash(new SplittableRandom(1), DurableImage.Mode.DROP);
        assertThat(log).doesNotExist();
    }

    @Test
    void onlyTheFileOrRangeThatWasSyncedStays() throws IOException {
        Path other = Files.writeString(folder.resolve("other"), "synced");
        DurableImage image = new DurableImage(folder);
        Files.writeString(log, "SYNCED");
        Files.writeString(other, "SYNCED");
        image.synced(List.of(other));
        image.synced(log, 2, 4);
        image.crash(new SplittableRandom(1), DurableImage.Mode.DROP);
        assertThat(log).hasContent("syNCed");
        assertThat(other).hasContent("SYNCED");
    }

    @ParameterizedTest
    @EnumSource(DurableImage.Mode.class)
    void syncedBytesStayInEveryMode(DurableImage.Mode mode) throws IOException {
        Set<String> outcomes = new HashSet<>();
        DurableImage image = new DurableImage(folder);
        append("-unsynced unsynced");
        for (int seed = 0; seed < 50; seed++) {
            Path target = temporary.resolve("crash" + seed);
            image.crash(new SplittableRandom(seed), mode, target);
            assertThat(Files.readAllBytes(target.resolve("log"))).startsWith("synced".getBytes(UTF_8));
            outcomes.add(new String(
                    Files.readAllBytes(target.resolve("log")), java.nio.charset.StandardCharsets.ISO_8859_1));
        }
        assertThat(outcomes.size()).isGreaterThan(mode == DurableImage.Mode.DROP ? 0 : 5);
        assertThat(log).hasContent("synced-unsynced unsynced");
    }

    @Test
    void theSameSeedLeavesTheSameBytes() throws IOException {
        DurableImage image = new DurableImage(folder);
        append("x".repeat(100_000));
        for (String target : List.of("a", "b")) {
            image.crash(new SplittableRandom(3), DurableImage.Mode.MIXED, temporary.resolve(target));
        }
        assertThat(temporary.resolve("a/log")).hasSameBinaryContentAs(temporary.resolve("b/log"));
    }

    @Test
    void aLargeSparseFileIsKeptSparse() throws IOException {
        long size = 80L << 20;
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            file.setLength(size);
            file.seek(size - 5);
            file.write("end".getBytes(UTF_8));
            DurableImage image = new DurableImage(folder);
            file.seek(40L << 20);
            file.write("middle".getBytes(UTF_8));
            image.crash(new SplittableRandom(1), DurableImage.Mode.DROP, temporary.resolve("crashed"));
        }
        SparseFile.Content crashed = SparseFile.read(temporary.resolve("crashed/log"));
        assertThat(crashed.size()).isEqualTo(size);
        assertThat(crashed.blocks()).containsOnlyKeys(0L, (size - 1) / SparseFile.BLOCK);
        assertThat(SparseFile.read(log).blocks()).hasSize(3);
    }

    @Test
    void filesMayComeAndGoWhileThePowerIsCut() throws Exception {
        DurableImage image = new DurableImage(folder);
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService others = Executors.newSingleThreadExecutor()) {
            Future<?> busy = others.submit(() -> {
                while (!over.get()) {
                    Path made = Files.createDirectories(folder.resolve("made"));
                    for (int i = 0; i < 20; i++) {
                        Files.writeString(made.resolve("file" + i), "unsynced");
                    }
                    for (int i = 0; i < 20; i++) {
                        Files.delete(made.resolve("file" + i));
                    }
                    Files.delete(made);
                }
                return null;
            });
            try {
                for (int i = 0; i < 200; i++) {
                    Path target = temporary.resolve("cut" + i);
                    image.crash(new SplittableRandom(i), DurableImage.Mode.GARBLE, target);
                    assertThat(target.resolve("log")).hasContent("synced");
                }
            } finally {
                over.set(true);
            }
            busy.get();
        }
    }

    private void append(String text) throws IOException {
        Files.writeString(log, text, StandardOpenOption.APPEND);
    }
}
