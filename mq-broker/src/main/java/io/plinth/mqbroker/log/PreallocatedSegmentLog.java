package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A segment log in files of its own, {@code seg-NNNNNNNN.log}: allocated ahead with zeros, so that a full disk shows before a record is
 * promised and a sync need not write metadata. A life of the process appends only to segments it made itself.
 */
public final class PreallocatedSegmentLog implements SegmentLog {
    private static final Logger LOG = LoggerFactory.getLogger(PreallocatedSegmentLog.class);

    private static final long OFFSET = 0xFFFF_FFFFL;

    private final SegmentFolder folder;
    private final long segmentBytes;
    private final ConcurrentSkipListMap<Integer, SegmentFile> files = new ConcurrentSkipListMap<>();
    private int last;
    private volatile @Nullable SegmentFile current;

    /** Opens the folder, creating it; a segment is ended once it is longer than {@code segmentBytes}. */
    public PreallocatedSegmentLog(Path folder, long segmentBytes) throws IOException {
        this.folder = new SegmentFolder(folder, ".log");
        this.segmentBytes = segmentBytes;
        for (Map.Entry<Integer, Path> entry : this.folder.segments().entrySet()) {
            last = entry.getKey();
            files.put(last, new SegmentFile(last, entry.getValue(), segmentBytes));
        }
    }

    /** The log a folder was begun with: a Chronicle one goes on as such, any other is preallocated. */
    public static SegmentLog open(Path folder, long segmentBytes) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                if (entries.anyMatch(Files::isDirectory)) {
                    return new ChronicleSegmentLog(folder, segmentBytes);
                }
            }
        }
        return new PreallocatedSegmentLog(folder, segmentBytes);
    }

    @Override
    public long append(ByteBuffer record) throws IOException {
        SegmentFile segment = next();
        return SegmentLog.position(segment.id(), segment.append(record));
    }

    @Override
    public void reserve(int bytes) throws IOException {
        next().reserve(bytes);
    }

    /** Where the next record goes. */
    private SegmentFile next() throws IOException {
        SegmentFile segment = current;
        if (segment == null || segment.end() > segmentBytes) {
            roll();
            segment = begin();
        }
        return segment;
    }

    private SegmentFile begin() throws IOException {
        int id = last + 1;
        SegmentFile segment = made(id);
        last = id;
        files.put(id, segment);
        current = segment;
        return segment;
    }

    private SegmentFile made(int id) throws IOException {
        Path path = folder.path(id);
        try {
            SegmentFile segment = new SegmentFile(id, path, segmentBytes);
            try {
                segment.begin();
                folder.force();
            } catch (IOException e) {
                segment.close();
                Files.deleteIfExists(path);
                throw e;
            }
            return segment;
        } catch (NoRoomException e) {
            throw e;
        } catch (IOException e) {
            throw NoRoomException.notMade(path.toString(), e);
        }
    }

    @Override
    public void flush() throws IOException {
        SegmentFile segment = current;
        if (segment != null) {
            segment.flush();
        }
    }

    @Override
    public void sync() throws IOException {
        SegmentFile segment = current;
        if (segment != null) {
            segment.sync();
        }
    }

    @Override
    public void roll() throws IOException {
        SegmentFile segment = current;
        if (segment != null) {
            segment.seal();
            current = null;
        }
    }

    @Override
    public void scan(long from, Scan visitor) throws IOException {
        RecordFraming check = new RecordFraming();
        for (SegmentFile segment : files.tailMap(SegmentLog.segmentOf(from)).values()) {
            long start = SegmentLog.segmentOf(from) == segment.id() ? from & 0xFFFF_FFFFL : SegmentFile.START;
            if (!scan(segment, Math.max(start, SegmentFile.START), check, visitor)) {
                return;
            }
        }
    }

    private static boolean scan(SegmentFile segment, long start, RecordFraming check, Scan visitor) throws IOException {
        long at = start;
        while (true) {
            SegmentFile.Found found = segment.at(at, check);
            if (found == null) {
                found = segment.behind(at, check);
                if (found == null) {
                    return true;
                }
                LOG.error(
                        "{}: damaged from offset {} to {}; what stands behind it is read", segment, at, found.offset());
            }
            if (!visitor.record(SegmentLog.position(segment.id(), found.offset()), found.payload())) {
                return false;
            }
            at = found.behind();
        }
    }

    @Override
    public ByteBuffer read(long position) throws IOException {
        SegmentFile segment = files.get(SegmentLog.segmentOf(position));
        if (segment == null) {
            throw new NoSuchFileException(
                    folder.path(SegmentLog.segmentOf(position)).toString());
        }
        SegmentFile.Found found = segment.at(position & 0xFFFF_FFFFL, new RecordFraming());
        if (found == null) {
            throw new IOException(segment + ": damaged record at offset " + (position & 0xFFFF_FFFFL));
        }
        return found.payload();
    }

    /** Those that stand close together are read in one go. */
    @Override
    public void read(long[] positions, Found found) {
        RecordFraming check = new RecordFraming();
        int from = 0;
        while (from < positions.length) {
            int to = SegmentFile.run(positions, from);
            SegmentFile segment = files.get(SegmentLog.segmentOf(positions[from]));
            ByteBuffer block = segment == null || to - from == 1
                    ? null
                    : segment.block(positions[from] & OFFSET, positions[to - 1] & OFFSET);
            for (int at = from; at < to; at++) {
                ByteBuffer record = segment == null || block == null
                        ? null
                        : segment.in(block, (int) (positions[at] - positions[from]), check);
                if (record == null) {
                    // Alone, longer than what was read, or damaged.
                    read(positions[at], at, found);
                    continue;
                }
                try {
                    found.record(at, record);
                } catch (IOException e) {
                    found.failed(at, e);
                }
            }
            from = to;
        }
    }

    @Override
    public List<Segment> segments() {
        return files.values().stream()
                .map(segment -> new Segment(segment.id(), segment.size()))
                .toList();
    }

    @Override
    public int current() {
        SegmentFile segment = current;
        return segment == null ? 0 : segment.id();
    }

    @Override
    public void drop(int id) throws IOException {
        if (id == current()) {
            throw new IllegalArgumentException("segment: " + id + " (expected: not the current one)");
        }
        SegmentFile segment = files.remove(id);
        if (segment != null) {
            segment.close();
        }
        folder.delete(id);
    }

    @Override
    public void close() throws IOException {
        try {
            roll();
        } finally {
            for (SegmentFile segment : files.values()) {
                segment.close();
            }
            files.clear();
        }
    }
}
