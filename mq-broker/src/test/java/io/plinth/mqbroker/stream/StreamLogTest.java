package io.plinth.mqbroker.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class StreamLogTest {
    private static final int MESSAGES = 2000;
    private static final int SEGMENT = 64 << 10;

    @TempDir
    static Path written;

    private final AtomicInteger visited = new AtomicInteger();

    /** Counts what is read. */
    private final class Counting extends LogDecorator {
        Counting(SegmentLog log) {
            super(log);
        }

        @Override
        public void scan(long from, Scan visitor) throws IOException {
            super.scan(from, (position, record) -> {
                visited.incrementAndGet();
                return visitor.record(position, record);
            });
        }

        @Override
        public void replay(long from, Visitor visitor) throws IOException {
            super.replay(from, (position, record) -> {
                visited.incrementAndGet();
                visitor.record(position, record);
            });
        }
    }

    private SegmentLog segments(Path folder) throws IOException {
        return new Counting(new PreallocatedSegmentLog(folder, SEGMENT));
    }

    private SegmentLog segments() throws IOException {
        return segments(written);
    }

    /** A thousand messages a second, from the epoch on. */
    private static void write(Path folder) throws IOException {
        StreamLog log = new StreamLog();
        log.open(() -> new PreallocatedSegmentLog(folder, SEGMENT));
        for (int i = 0; i < MESSAGES; i++) {
            log.append(new Content("", "s", new byte[2], new byte[100]), i);
        }
        log.sync();
        log.commit();
        log.close();
    }

    @BeforeAll
    static void write() throws IOException {
        write(written);
    }

    @Test
    void openingReadsTheFirstOfEachSegmentAndTheLastSegment() throws IOException {
        StreamLog log = new StreamLog();
        log.open(this::segments);
        assertThat(log.committed()).isEqualTo(MESSAGES);
        assertThat(log.first()).isZero();
        assertThat(visited.get()).isLessThan(MESSAGES / 2);
        log.close();
    }

    @Test
    void everyOffsetAndTimeIsFoundAfterAnOpen() throws IOException {
        StreamLog log = new StreamLog();
        log.open(this::segments);
        for (int at = MESSAGES - 1; at >= 0; at -= 37) {
            List<StreamMessage> read = log.read(at, 3, 1 << 20);
            assertThat(read.getFirst().offset()).isEqualTo(at);
            assertThat(log.find(new StreamOffset(StreamOffset.Kind.TIMESTAMP, at), 0))
                    .isEqualTo(at);
        }
        log.close();
    }

    /** What was read once is found again without reading all that stands before it. */
    @Test
    void aReaderGoesOnWhereItWas() throws IOException {
        StreamLog log = new StreamLog();
        log.open(this::segments);
        visited.set(0);
        long at = 0;
        while (at < MESSAGES) {
            at = log.read(at, 50, 1 << 20).getLast().offset() + 1;
        }
        assertThat(visited.get()).isLessThan(4 * MESSAGES);
        log.close();
    }

    @Test
    void whatIsTooOldGoesWithWhatIsKnownOfItAndWritingGoesOn(@TempDir Path folder) throws IOException {
        write(folder);
        StreamLog log = new StreamLog();
        log.open(() -> segments(folder));
        log.read(0, MESSAGES, Long.MAX_VALUE);
        log.trim(MESSAGES, MESSAGES / 2, -1);
        assertThat(log.first()).isBetween(1L, MESSAGES / 2L + 1);
        assertThat(log.read(log.first(), 1, 1 << 20).getFirst().offset()).isEqualTo(log.first());
        log.append(new Content("", "s", new byte[2], new byte[100]), MESSAGES);
        log.sync();
        log.commit();
        assertThat(log.read(MESSAGES, 10, 1 << 20)).hasSize(1);
        log.close();
    }
}
