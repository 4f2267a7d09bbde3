package io.plinth.kvcache.persist.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Segments on a file system that is filled to its last page, whose room comes back in steps. */
@Timeout(120)
class FullStoreTest {
    private static final int RECORDS = 3_000;
    /** Behind so many excerpts Chronicle adds a page to its index. */
    private static final int INDEXED = 8_192 * 64;

    @TempDir
    Path folder;

    /** Chronicle watches the disk, on a thread of its own. */
    @BeforeAll
    static void watches(LogWatcher.Expected watched) {
        watched.expect("is almost full");
    }

    /** So small that it is mostly a segment there is no room for; or one that is there. */
    @ParameterizedTest
    @ValueSource(ints = {1 << 20, 64 << 20})
    void whatDoesNotFitIsWrittenOnceWhenItDoes(int segment) throws Exception {
        SplittableRandom random = new SplittableRandom(segment);
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"), "10m")) {
            Path journal = disk.folder().resolve("journal");
            int refusals = 0;
            try (ChronicleStore store = new ChronicleStore(journal, segment, 1)) {
                for (int i = 0; i < RECORDS; ) {
                    int count = 1 + random.nextInt(100);
                    ByteBuffer batch = batch(i, count, random);
                    i += count;
                    while (batch.hasRemaining()) {
                        try {
                            store.append(batch);
                            store.sync();
                        } catch (NoRoomException e) {
                            assertThat(e).hasMessage("No space left on device");
                            refusals++;
                            disk.resize(10 + 2 * refusals + "m");
                        }
                    }
                }
            }
            assertThat(refusals).isGreaterThan(3);
            assertThat(read(journal).subList(0, RECORDS)).isEqualTo(numbers());
            assertThat(journal.resolve("room.probe")).doesNotExist();
        }
    }

    private static ByteBuffer batch(int from, int count, SplittableRandom random) {
        ByteBuffer batch = ByteBuffer.allocate(count * (8 + 20_000));
        for (int i = from; i < from + count; i++) {
            int length = random.nextInt(20_000);
            batch.putInt(4 + length).putInt(i).position(batch.position() + length);
        }
        return batch.flip();
    }

    private static List<Integer> read(Path journal) throws IOException {
        List<Integer> found = new ArrayList<>();
        JournalScanner scanner = new JournalScanner(journal, record -> {
            if (record.remaining() >= 4) {
                found.add(record.getInt());
            }
        });
        assertThat(scanner.scan(1)).isEmpty();
        assertThat(scanner.torn()).isEmpty();
        return found;
    }

    private static List<Integer> numbers() {
        return IntStream.range(0, RECORDS).boxed().toList();
    }

    @Test
    void aSegmentThereIsNoRoomForLeavesNothingBehind() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"), "8m")) {
            Path journal = Files.createDirectories(disk.folder().resolve("journal"));
            disk.fill(1 << 20);
            try (ChronicleStore store = new ChronicleStore(journal, 1 << 20, 1)) {
                ByteBuffer batch = batch(0, 1, new SplittableRandom(1));
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(() -> store.append(batch)).isInstanceOf(NoRoomException.class);
                    assertThat(journal).isEmptyDirectory();
                }
                disk.clear();
                store.append(batch);
            }
            assertThat(read(journal)).containsExactly(0);
        }
    }

    /** A page of the index takes room in the middle of records that had just enough, on a disk that is full. */
    @Test
    void recordsThatAPageOfTheIndexComesBetweenAreThereOnce() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"), "96m")) {
            Path journal = disk.folder().resolve("journal");
            try (ChronicleStore store = new ChronicleStore(journal, 64 << 20, 1)) {
                long allocated = beforeAPage(store, disk);
                ByteBuffer batch = ByteBuffer.allocate(1 << 20);
                // All but 20 KB of what is allocated: less than the page.
                int length = (int) (allocated - store.bytes() - (256 << 10) - 20_000) / 20 - 120;
                for (int i = 0; i < 20; i++) {
                    batch.putInt(length).putInt(i).position(batch.position() + length - 4);
                }
                disk.fill(0);
                batch.flip();
                long before = store.bytes();
                store.append(batch);
                assertThat(store.bytes()).as("a page came between").isGreaterThan(before + batch.limit() + (64 << 10));
            }
            assertThat(read(journal).stream().filter(found -> found >= 0))
                    .containsExactlyElementsOf(numbers().subList(0, 20));
        }
    }

    /** Answers up to which place about, and not less, the file has room. */
    private static long beforeAPage(ChronicleStore store, SmallDisk disk) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(8).putInt(4).putInt(-1);
        long allocated = 0;
        long room = 0;
        for (int i = 2; i < INDEXED - 5; i++) {
            long end = store.bytes();
            store.append(one.rewind());
            if (i > INDEXED - 40_000) {
                long now = Files.getFileStore(disk.folder()).getUnallocatedSpace();
                if (now < room) {
                    allocated = end + (256 << 10) + (1 << 20);
                }
                room = now;
            }
        }
        return allocated;
    }
}
