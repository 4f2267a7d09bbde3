package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreallocatedSegmentLogTest {
    private static final long SEGMENT = 1 << 20;

    @TempDir
    Path folder;

    private SegmentLog open() throws IOException {
        return PreallocatedSegmentLog.open(folder.resolve("log"), SEGMENT);
    }

    private static ByteBuffer record(int number, int length) {
        ByteBuffer record = ByteBuffer.allocate(length).putInt(number);
        while (record.hasRemaining()) {
            record.put((byte) (number * 31 + record.position()));
        }
        return record.flip();
    }

    private static List<Integer> replayed(SegmentLog log, long from) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        log.replay(from, (position, record) -> {
            int number = record.getInt(record.position());
            assertThat(record).isEqualTo(record(number, record.remaining()));
            numbers.add(number);
        });
        return numbers;
    }

    private void damage(long position, int at) throws IOException {
        Path file = folder.resolve("log").resolve(String.format("seg-%08d.log", SegmentLog.segmentOf(position)));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {42, 42}), (position & 0xFFFF_FFFFL) + at);
        }
    }

    @Test
    void recordsOfAnySizeComeBackFromAnyPosition() throws Exception {
        int[] sizes = {4, 100, 5000, 262_144, 700_000, 3_000_000, 8};
        List<Long> positions = new ArrayList<>();
        try (SegmentLog log = open()) {
            for (int i = 0; i < sizes.length; i++) {
                positions.add(log.append(record(i, sizes[i])));
            }
            log.flush();
            for (int i = 0; i < sizes.length; i++) {
                assertThat(log.read(positions.get(i))).isEqualTo(record(i, sizes[i]));
            }
        }
        try (SegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1, 2, 3, 4, 5, 6);
            assertThat(replayed(log, positions.get(3))).containsExactly(4, 5, 6);
            assertThat(log.segments()).hasSizeGreaterThan(1);
            log.append(record(7, 50));
            assertThat(log.current()).isGreaterThan(SegmentLog.segmentOf(positions.getLast()));
        }
    }

    @Test
    void damageIsReportedWithItsPlaceAndTheRestIsServed(LogWatcher.Expected log) throws Exception {
        log.expect("damaged from offset");
        List<Long> positions = new ArrayList<>();
        try (SegmentLog written = open()) {
            for (int i = 0; i < 10; i++) {
                positions.add(written.append(record(i, 1000)));
            }
        }
        damage(positions.get(4), 500);
        damage(positions.get(7), 0);
        try (SegmentLog found = open()) {
            assertThat(replayed(found, 0)).containsExactly(0, 1, 2, 3, 5, 6, 8, 9);
            assertThatThrownBy(() -> found.read(positions.get(4)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged record");
        }
    }

    /** What stands at each position: the record's number and length, or why there is none. */
    private static List<String> found(SegmentLog log, List<Long> positions) {
        List<String> found = new ArrayList<>();
        log.read(positions.stream().mapToLong(Long::longValue).toArray(), new SegmentLog.Found() {
            @Override
            public void record(int at, ByteBuffer record) throws IOException {
                assertThat(at).isEqualTo(found.size());
                int number = record.getInt(record.position());
                assertThat(record).isEqualTo(PreallocatedSegmentLogTest.record(number, record.remaining()));
                if (number == 13) {
                    throw new IOException("refused");
                }
                found.add(number + ": " + record.remaining());
            }

            @Override
            public void failed(int at, IOException why) {
                assertThat(at).isEqualTo(found.size());
                found.add(why.getClass().getSimpleName()
                        + (String.valueOf(why.getMessage()).contains("damaged record") ? ": damaged" : ""));
            }
        });
        return found;
    }

    @Test
    void recordsReadTogetherAreThoseReadOneByOne() throws Exception {
        List<Long> positions = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        Random random = new Random(7);
        try (SegmentLog log = open()) {
            for (int i = 0; i < 2000; i++) {
                int size = 4 + (random.nextInt(20) == 0 ? random.nextInt(40_000) : random.nextInt(300));
                long position = log.append(record(i, size));
                if (random.nextInt(3) > 0 || i == 13) {
                    positions.add(position);
                    expected.add(i == 13 ? "IOException" : i + ": " + size);
                }
            }
            positions.add(log.append(record(2000, 300_000)));
            expected.add("2000: 300000");
            // Back to the first, and to segments that never were.
            for (long position : new long[] {positions.getFirst(), 0, SegmentLog.position(99, 8)}) {
                positions.add(position);
                expected.add(position == positions.getFirst() ? expected.getFirst() : "NoSuchFileException");
            }
            log.flush();
            assertThat(log.segments()).hasSizeGreaterThan(1);

            assertThat(found(log, positions)).isEqualTo(expected);
            assertThat(found(log, List.of())).isEmpty();
        }
    }

    @Test
    void aDamagedRecordAmongThoseReadTogetherIsItsOwnFailure() throws Exception {
        List<Long> positions = new ArrayList<>();
        try (SegmentLog written = open()) {
            for (int i = 0; i < 6; i++) {
                positions.add(written.append(record(i, 1000)));
            }
        }
        damage(positions.get(2), 500);
        damage(positions.get(4), 0);
        try (SegmentLog log = open()) {
            assertThat(found(log, positions))
                    .containsExactly(
                            "0: 1000", "1: 1000", "IOException: damaged", "3: 1000", "IOException: damaged", "5: 1000");
        }
    }

    @Test
    void aTornTailIsCut() throws Exception {
        List<Long> positions = new ArrayList<>();
        try (SegmentLog log = open()) {
            for (int i = 0; i < 3; i++) {
                positions.add(log.append(record(i, 1000)));
            }
        }
        damage(positions.get(2), 900);
        try (SegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1);
            log.append(record(3, 10));
        }
        try (SegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1, 3);
        }
    }

    @Test
    void droppedSegmentsGiveBackTheirFilesAndDescriptors() throws Exception {
        try (SegmentLog log = open()) {
            for (int i = 0; i < 6000; i++) {
                log.append(record(i, 1000));
            }
            log.sync();
            for (SegmentLog.Segment segment : log.segments()) {
                if (segment.id() != log.current()) {
                    log.drop(segment.id());
                }
            }
            assertThat(log.segments()).hasSize(1);
            assertThat(openFiles()).isEqualTo(1);
        }
        try (Stream<Path> left = Files.list(folder.resolve("log"))) {
            assertThat(left).hasSize(1);
        }
        assertThat(openFiles()).isZero();
    }

    @Test
    void aFolderBegunWithChronicleGoesOnWithIt() throws Exception {
        try (SegmentLog log = new ChronicleSegmentLog(folder.resolve("log"), SEGMENT)) {
            log.append(record(1, 10));
        }
        try (SegmentLog log = open()) {
            assertThat(log).isInstanceOf(ChronicleSegmentLog.class);
            assertThat(replayed(log, 0)).containsExactly(1);
        }
    }

    private long openFiles() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(this::isOurs).count();
        }
    }

    private boolean isOurs(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).startsWith(folder);
        } catch (IOException e) {
            return false;
        }
    }
}
