package io.plinth.kvcache.persist.journal;

import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the journal's thread: segments in folders {@code seg-NNNNNNNN}, each one Chronicle Queue. A process writes only segments it
 * made itself; older ones are read without Chronicle, so what a crash left in them cannot hurt it.
 */
public final class ChronicleStore implements JournalStore {
    private static final String PREFIX = "seg-";

    private final Path folder;
    private final long segmentBytes;
    private final ByteBuffer excerpt = ByteBuffer.allocate(Excerpt.HEAD + Excerpt.LARGEST);
    private int last;
    private int number;
    private volatile long older;
    private volatile long written;
    private boolean alive;
    private @Nullable ChronicleSegment current;

    /**
     * Opens the folder, making it where it is not there; a segment ends once it is longer than {@code segmentBytes}, and the next one
     * has at least the number {@code first}.
     */
    public ChronicleStore(Path folder, long segmentBytes, int first) throws IOException {
        this.folder = folder;
        this.segmentBytes = segmentBytes;
        this.last = first - 1;
        Files.createDirectories(folder);
        long found = 0;
        for (var entry : segments(folder).entrySet()) {
            last = Math.max(last, entry.getKey());
            found += size(entry.getValue());
        }
        older = found;
    }

    private static long size(Path segment) throws IOException {
        Path file = ChronicleSegment.file(segment);
        return file == null ? 0 : Files.size(file);
    }

    /** The segments that are there, by number. */
    public static TreeMap<Integer, Path> segments(Path folder) throws IOException {
        TreeMap<Integer, Path> found = new TreeMap<>();
        if (!Files.isDirectory(folder)) {
            return found;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (name.matches(PREFIX + "\\d{8}")) {
                    found.put(Integer.parseInt(name.substring(PREFIX.length())), entry);
                }
            }
        }
        return found;
    }

    private Path path(int segment) {
        return folder.resolve(String.format("%s%08d", PREFIX, segment));
    }

    @Override
    public void append(ByteBuffer records) throws IOException {
        while (records.hasRemaining()) {
            int length = records.getInt();
            ByteBuffer record = records.slice(records.position(), length);
            records.position(records.position() + length);
            append(record, open());
        }
        ChronicleSegment segment = open();
        emit(segment);
        written = segment.end();
        if (segment.end() > segmentBytes) {
            roll();
        }
    }

    private ChronicleSegment open() throws IOException {
        ChronicleSegment segment = current;
        if (segment == null) {
            last++;
            number = 0;
            ByteSink life = new ByteSink();
            EffectCodec.life(life);
            excerpt.clear().position(Excerpt.HEAD);
            if (!alive) {
                alive = true;
                record(ByteBuffer.wrap(life.array(), 0, life.size()));
            }
            close(0);
            segment = new ChronicleSegment(path(last), excerpt);
            begin();
            current = segment;
        }
        return segment;
    }

    /** Readies the buffer for the next excerpt. */
    private void begin() {
        excerpt.clear().position(Excerpt.HEAD);
    }

    private void record(ByteBuffer bytes) {
        excerpt.putInt(bytes.remaining()).putInt(Excerpt.recordCrc(last, bytes)).put(bytes);
    }

    private void close(int first) {
        int length = excerpt.position() - Excerpt.HEAD;
        Excerpt.head(excerpt, last, number++, length, first);
        excerpt.flip();
    }

    /** A record is never cut that fits into one excerpt. */
    private void append(ByteBuffer bytes, ChronicleSegment segment) throws IOException {
        int whole = Excerpt.RECORD + bytes.remaining();
        if (excerpt.remaining() < whole) {
            emit(segment);
        }
        if (whole <= excerpt.remaining()) {
            record(bytes);
            return;
        }
        ByteBuffer left = ByteBuffer.allocate(whole);
        left.putInt(bytes.remaining()).putInt(Excerpt.recordCrc(last, bytes)).put(bytes);
        left.flip();
        boolean begins = true;
        while (left.hasRemaining()) {
            int piece = Math.min(left.remaining(), excerpt.remaining());
            excerpt.put(left.slice(left.position(), piece));
            left.position(left.position() + piece);
            // What goes on is named by a first record that begins nowhere.
            close(begins ? 0 : piece);
            segment.append(excerpt);
            begin();
            begins = false;
        }
    }

    private void emit(ChronicleSegment segment) throws IOException {
        if (excerpt.position() > Excerpt.HEAD) {
            close(0);
            segment.append(excerpt);
            begin();
        }
    }

    @Override
    public void sync() throws IOException {
        ChronicleSegment segment = current;
        if (segment != null) {
            segment.sync();
        }
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread counts
    public int roll() throws IOException {
        ChronicleSegment segment = current;
        if (segment != null) {
            // One without records says that none is missing at the end.
            begin();
            close(0);
            segment.append(excerpt);
            begin();
            segment.sync();
            current = null;
            older = older + segment.end();
            written = 0;
            segment.close();
        }
        return last + 1;
    }

    @Override
    public void dropBefore(int segment) throws IOException {
        long left = 0;
        boolean dropped = false;
        for (var entry : segments(folder).entrySet()) {
            if (entry.getKey() >= segment || (current != null && entry.getKey() == last)) {
                left += entry.getKey() == last && current != null ? 0 : size(entry.getValue());
                continue;
            }
            try (Stream<Path> files = Files.walk(entry.getValue())) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
            dropped = true;
        }
        if (dropped) {
            ChronicleSegment.force(folder);
        }
        older = left;
    }

    @Override
    public long bytes() {
        return older + written;
    }

    @Override
    public void close() throws IOException {
        roll();
    }
}
