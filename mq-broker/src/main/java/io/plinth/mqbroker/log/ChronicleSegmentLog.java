package io.plinth.mqbroker.log;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A segment log in Chronicle Queue: one queue of one cycle per segment, in folders {@code seg-NNNNNNNN}. A life of the process appends
 * only to segments it made itself; older ones are read, never opened by Chronicle, so what a crash left in them cannot hurt it.
 */
public final class ChronicleSegmentLog implements SegmentLog {
    private static final Logger LOG = LoggerFactory.getLogger(ChronicleSegmentLog.class);
    /** A record is cut into excerpts of this size: Chronicle's maps overlap by no more than a quarter of a block. */
    private static final int PIECE = 128 << 10;
    /** What Chronicle may put between the pieces of a record. */
    private static final int INDEX_PAGES = 256 << 10;

    private final SegmentFolder folder;
    private final long segmentBytes;
    private final RecordFraming framing = new RecordFraming();
    private final ByteBuffer excerpt = ByteBuffer.allocate(PIECE + RecordFraming.HEADER);
    private final ConcurrentSkipListMap<Integer, ExcerptFile> files = new ConcurrentSkipListMap<>();
    private int last;
    private volatile @Nullable ChronicleSegment current;

    /** Opens the folder, creating it; a segment is ended once it is longer than {@code segmentBytes}. */
    public ChronicleSegmentLog(Path folder, long segmentBytes) throws IOException {
        this.folder = new SegmentFolder(folder, "");
        this.segmentBytes = segmentBytes;
        for (Map.Entry<Integer, Path> entry : this.folder.segments().entrySet()) {
            open(entry.getKey(), entry.getValue());
        }
    }

    private void open(int id, Path entry) throws IOException {
        last = Math.max(last, id);
        try {
            files.put(id, new ExcerptFile(ChronicleSegment.fileIn(entry)));
        } catch (IOException e) {
            LOG.warn("{}: no cycle file; nothing was written to it", entry);
        }
    }

    @Override
    public long append(ByteBuffer record) throws IOException {
        ChronicleSegment segment = next();
        // For all of its pieces: one that stood alone would be there for good.
        segment.reserve(allocation(record.remaining()));
        long position = 0;
        boolean first = true;
        do {
            int size = Math.min(PIECE, record.remaining());
            ByteBuffer piece = record.slice(record.position(), size);
            record.position(record.position() + size);
            int flags = (first ? RecordFraming.FIRST : 0) | (record.hasRemaining() ? 0 : RecordFraming.LAST);
            framing.write(excerpt, segment.id(), flags, piece);
            long offset = segment.append(excerpt);
            if (first) {
                position = SegmentLog.position(segment.id(), offset);
            }
            first = false;
        } while (record.hasRemaining());
        return position;
    }

    @Override
    public void reserve(int bytes) throws IOException {
        next().reserve(allocation(bytes));
    }

    private static long allocation(int bytes) {
        return bytes + (bytes / PIECE + 1L) * 2 * RecordFraming.HEADER + (bytes > PIECE ? INDEX_PAGES : 0);
    }

    /** Where the next record goes. */
    private ChronicleSegment next() throws IOException {
        ChronicleSegment segment = current;
        if (segment == null || segment.end() > segmentBytes) {
            roll();
            segment = begin();
        }
        return segment;
    }

    /** Where it cannot be made nothing of it stays, so that it can be tried again. */
    private ChronicleSegment begin() throws IOException {
        int id = last + 1;
        framing.write(excerpt, id, RecordFraming.OPENING, ByteBuffer.allocate(0));
        try {
            folder.delete(id);
            ChronicleSegment segment = new ChronicleSegment(id, folder.path(id), excerpt);
            try {
                files.put(id, new ExcerptFile(ChronicleSegment.fileIn(folder.path(id))));
            } catch (IOException e) {
                segment.close();
                throw e;
            }
            last = id;
            current = segment;
            return segment;
        } catch (IOException e) {
            undo(id);
            throw NoRoomException.notMade(folder.path(id).toString(), e);
        }
    }

    private void undo(int id) {
        try {
            folder.delete(id);
        } catch (IOException e) {
            LOG.debug("{} is deleted before it is made again", folder.path(id), e);
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
    public void roll() throws IOException {
        ChronicleSegment segment = current;
        if (segment != null) {
            segment.sync();
            current = null;
            segment.close();
        }
    }

    @Override
    public void scan(long from, Scan visitor) throws IOException {
        for (Map.Entry<Integer, ExcerptFile> entry :
                files.tailMap(SegmentLog.segmentOf(from)).entrySet()) {
            int id = entry.getKey();
            long start = SegmentLog.segmentOf(from) == id ? from & 0xFFFF_FFFFL : 0;
            if (!scan(id, entry.getValue(), start, visitor)) {
                return;
            }
        }
    }

    /** Returns whether the visitor wants what follows. */
    private boolean scan(int id, ExcerptFile file, long start, Scan visitor) throws IOException {
        RecordFraming check = new RecordFraming();
        long at = start == 0 ? ExcerptFile.start() : start - 4;
        ByteArrayOutputStream pieces = new ByteArrayOutputStream();
        long first = 0;
        while (true) {
            ExcerptFile.Document document = file.document(at);
            ByteBuffer content = document == null || !document.data() ? null : file.content(document);
            if (document == null || (document.data() && (content == null || !check.intact(content, id)))) {
                LOG.debug("{}: replay ends at offset {}", folder.path(id), at);
                return true;
            }
            at = ExcerptFile.behind(document.offset(), document.length());
            if (content == null) {
                continue;
            }
            int flags = RecordFraming.flags(content);
            if ((flags & RecordFraming.FIRST) != 0) {
                pieces.reset();
                first = document.offset();
            }
            ByteBuffer payload = RecordFraming.payload(content);
            pieces.write(payload.array(), payload.arrayOffset(), payload.remaining());
            if ((flags & RecordFraming.LAST) != 0
                    && first > 0
                    && !visitor.record(SegmentLog.position(id, first), ByteBuffer.wrap(pieces.toByteArray()))) {
                return false;
            }
        }
    }

    @Override
    public ByteBuffer read(long position) throws IOException {
        int id = SegmentLog.segmentOf(position);
        ExcerptFile file = files.get(id);
        if (file == null) {
            throw new NoSuchFileException(folder.path(id).toString());
        }
        RecordFraming check = new RecordFraming();
        ByteArrayOutputStream pieces = new ByteArrayOutputStream();
        long at = (position & 0xFFFF_FFFFL) - 4;
        while (true) {
            ExcerptFile.Document document = file.document(at);
            ByteBuffer content = document == null ? null : file.content(document);
            if (document == null || content == null || (document.data() && !check.intact(content, id))) {
                throw new IOException(folder.path(id) + ": damaged record at offset " + at);
            }
            at = ExcerptFile.behind(document.offset(), document.length());
            if (!document.data()) {
                continue;
            }
            ByteBuffer payload = RecordFraming.payload(content);
            if ((RecordFraming.flags(content) & RecordFraming.LAST) != 0 && pieces.size() == 0) {
                return payload;
            }
            pieces.write(payload.array(), payload.arrayOffset(), payload.remaining());
            if ((RecordFraming.flags(content) & RecordFraming.LAST) != 0) {
                return ByteBuffer.wrap(pieces.toByteArray());
            }
        }
    }

    @Override
    public List<Segment> segments() {
        return files.entrySet().stream()
                .map(entry -> new Segment(entry.getKey(), size(entry.getValue())))
                .toList();
    }

    private static long size(ExcerptFile file) {
        try {
            return file.channel().size();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int current() {
        ChronicleSegment segment = current;
        return segment == null ? 0 : segment.id();
    }

    @Override
    public void drop(int id) throws IOException {
        if (id == current()) {
            throw new IllegalArgumentException("segment: " + id + " (expected: not the current one)");
        }
        ExcerptFile file = files.remove(id);
        if (file != null) {
            file.close();
        }
        folder.delete(id);
    }

    @Override
    public void close() throws IOException {
        try {
            roll();
        } finally {
            for (ExcerptFile file : files.values()) {
                file.close();
            }
            files.clear();
        }
    }
}
