package io.plinth.mqbroker.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChronicleSegmentLogTest {
    private static final long SEGMENT = 1 << 20;

    @TempDir
    Path folder;

    private ChronicleSegmentLog open() throws IOException {
        return new ChronicleSegmentLog(folder.resolve("log"), SEGMENT);
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
            int number = record.getInt(0);
            assertThat(record).isEqualTo(record(number, record.remaining()));
            numbers.add(number);
        });
        return numbers;
    }

    @Test
    void recordsOfAnySizeComeBackFromAnyPosition() throws Exception {
        int[] sizes = {4, 100, 5000, 131_072, 131_073, 700_000, 3_000_000, 8};
        List<Long> positions = new ArrayList<>();
        try (ChronicleSegmentLog log = open()) {
            for (int i = 0; i < sizes.length; i++) {
                positions.add(log.append(record(i, sizes[i])));
            }
            log.sync();
            for (int i = 0; i < sizes.length; i++) {
                assertThat(log.read(positions.get(i))).isEqualTo(record(i, sizes[i]));
            }
        }
        try (ChronicleSegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
            assertThat(replayed(log, positions.get(3))).containsExactly(4, 5, 6, 7);
            assertThat(log.segments()).hasSizeGreaterThan(1);
            for (int i = 0; i < sizes.length; i++) {
                assertThat(log.read(positions.get(i))).isEqualTo(record(i, sizes[i]));
            }
        }
    }

    @Test
    void aNewLifeNeverAppendsToWhatAnOlderOneLeft() throws Exception {
        for (int life = 0; life < 3; life++) {
            try (ChronicleSegmentLog log = open()) {
                assertThat(replayed(log, 0)).hasSize(life);
                log.append(record(life, 50));
                assertThat(log.current()).isEqualTo(life + 1);
            }
        }
    }

    @Test
    void replayStopsAtTheFirstBadRecordOfASegment() throws Exception {
        List<Long> positions = new ArrayList<>();
        try (ChronicleSegmentLog log = open()) {
            for (int i = 0; i < 10; i++) {
                positions.add(log.append(record(i, 1000)));
            }
        }
        try (FileChannel file = FileChannel.open(cycleFile(1), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {42}), (positions.get(6) & 0xFFFF_FFFFL) + 500);
        }
        try (ChronicleSegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1, 2, 3, 4, 5);
            assertThatThrownBy(() -> log.read(positions.get(6)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged record");
            log.append(record(100, 10));
        }
        try (ChronicleSegmentLog log = open()) {
            assertThat(replayed(log, 0)).containsExactly(0, 1, 2, 3, 4, 5, 100);
        }
    }

    private Path cycleFile(int segment) throws IOException {
        Path path = folder.resolve("log").resolve(String.format("seg-%08d", segment));
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void aSegmentThatCannotBeMadeIsMadeAnotherTime() throws Exception {
        try (ChronicleSegmentLog log = open()) {
            Files.delete(folder.resolve("log"));
            assertThatThrownBy(() -> log.append(record(1, 100))).isInstanceOf(NoRoomException.class);
            assertThatThrownBy(() -> log.reserve(100)).isInstanceOf(NoRoomException.class);
            Files.createDirectory(folder.resolve("log"));
            log.reserve(300_000);
            log.append(record(1, 100));
            log.append(record(2, 300_000));
            log.sync();
            assertThat(replayed(log, 0)).containsExactly(1, 2);
            assertThat(log.segments()).hasSize(1);
        }
    }

    @Test
    void droppedSegmentsGiveBackTheirFilesAndDescriptors() throws Exception {
        try (ChronicleSegmentLog log = open()) {
            for (int i = 0; i < 6000; i++) {
                log.append(record(i, 1000));
            }
            log.sync();
            List<SegmentLog.Segment> before = log.segments();
            assertThat(before).hasSizeGreaterThan(4);
            for (SegmentLog.Segment segment : before) {
                if (segment.id() != log.current()) {
                    log.drop(segment.id());
                }
            }
            assertThat(log.segments()).hasSize(1);
            assertThat(openFiles()).as("descriptors of one segment").isLessThanOrEqualTo(5);
        }
        try (Stream<Path> left = Files.list(folder.resolve("log"))) {
            assertThat(left).hasSize(1);
        }
        assertThat(openFiles()).isZero();
    }

    private long openFiles() throws IOException {
        // Chronicle gives descriptors back on a thread of its own.
        net.openhft.chronicle.core.io.BackgroundResourceReleaser.releasePendingResources();
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
