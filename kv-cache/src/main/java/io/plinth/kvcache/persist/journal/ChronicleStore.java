package io.plinth.kvcache.persist.journal;

import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.EffectCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the journal's thread: segments in folders {@code seg-NNNNNNNN}, each one Chronicle Queue. A process writes only segments it
 * made itself; older ones are read without Chronicle, so what a crash left in them cannot hurt it.
 */
public final class ChronicleStore implements JournalStore {
    private static final String PREFIX = "seg-";
    /** Ends the name of a segment that is read only where a snapshot says that the journal goes on with it: what belongs before is lost. */
    private static final String ANEW = "-anew";

    /** Records that are written or not at a time, where one is not larger. */
    private static final int PIECE = 1 << 20;

    private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d{8})(" + ANEW + ")?");

    private final Path folder;
    private final long segmentBytes;
    private final ByteBuffer excerpt = ByteBuffer.allocate(Excerpt.HEAD + Excerpt.LARGEST);
    private int last;
    private int number;
    private volatile long older;
    private volatile long written;
    private boolean alive;
    private boolean anew;
    /** Since which segment it was begun anew, of which no snapshot is known; 0 where it was not. */
    private int uncovered;

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
        TreeMap<Integer, Path> found = segments(folder);
        last = found.isEmpty() ? last : Math.max(last, found.lastKey());
        older = size(found);
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
                Matcher name = NAME.matcher(entry.getFileName().toString());
                if (name.matches()) {
                    found.put(Integer.parseInt(name.group(1)), entry);
                }
            }
        }
        return found;
    }

    /** Those from one on, up to where something is lost. */
    public static SortedMap<Integer, Path> readable(Path folder, int from) throws IOException {
        SortedMap<Integer, Path> found = segments(folder).tailMap(from);
        for (var entry : found.entrySet()) {
            if (entry.getKey() > from && entry.getValue().toString().endsWith(ANEW)) {
                return found.headMap(entry.getKey());
            }
        }
        return found;
    }

    /** Deletes what {@link #readable} leaves out, so that what is written from now on is read; answers how many segments. */
    public static int dropUnreadable(Path folder, int from) throws IOException {
        SortedMap<Integer, Path> readable = readable(folder, from);
        SortedMap<Integer, Path> left = segments(folder).tailMap(readable.isEmpty() ? from : readable.lastKey() + 1);
        return dropBackwards(left);
    }

    /** The last first: while one is there that was begun anew nothing behind it is read. */
    private static int dropBackwards(SortedMap<Integer, Path> segments) throws IOException {
        for (Path segment : new TreeMap<>(segments).descendingMap().values()) {
            ChronicleSegment.delete(segment);
            ChronicleSegment.force(Objects.requireNonNull(segment.getParent()));
        }
        return segments.size();
    }

    private Path path(int segment) {
        return folder.resolve(String.format("%s%08d%s", PREFIX, segment, anew ? ANEW : ""));
    }

    @Override
    public void append(ByteBuffer records) throws IOException {
        while (records.hasRemaining()) {
            ByteBuffer some = Excerpt.some(records, PIECE);
            ChronicleSegment segment = open();
            // All of them have room, or nothing of them is written.
            segment.reserve(Excerpt.space(some));
            while (some.hasRemaining()) {
                int length = some.getInt();
                append(some.slice(some.position(), length), segment);
                some.position(some.position() + length);
            }
            emit(segment);
            records.position(records.position() + some.limit());
            written = segment.end();
            if (segment.end() > segmentBytes) {
                roll();
            }
        }
    }

    @Override
    public void reserve(long bytes) throws IOException {
        if (Files.getFileStore(folder).getUsableSpace() < bytes) {
            // What little there is stays for others.
            throw NoRoomException.or("journal " + folder, new IOException("little room"), folder, bytes);
        }
        open().reserve(bytes);
    }

    private ChronicleSegment open() throws IOException {
        ChronicleSegment segment = current;
        if (segment == null) {
            last++;
            number = 0;
            begin();
            if (!alive) {
                ByteSink life = new ByteSink();
                EffectCodec.life(life);
                record(ByteBuffer.wrap(life.array(), 0, life.size()));
            }
            close(0);
            try {
                segment = ChronicleSegment.make(path(last), excerpt);
            } catch (IOException | RuntimeException | Error e) {
                // A start takes a number that is not there for a segment that is lost.
                last--;
                throw e;
            } finally {
                begin();
            }
            alive = true;
            anew = false;
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
            end(segment);
            segment.sync();
            current = null;
            older = older + segment.end();
            written = 0;
            segment.close();
        }
        return last + 1;
    }

    /** One without records says that none is missing at the end. */
    private void end(ChronicleSegment segment) throws IOException {
        begin();
        close(0);
        try {
            segment.reserve(excerpt.remaining());
            segment.append(excerpt);
        } catch (NoRoomException e) {
            // Nothing is lost without it, and no more known of a tail than before.
        } finally {
            begin();
        }
    }

    @Override
    public int anew() throws IOException {
        giveUp();
        anew = true;
        open();
        uncovered = last;
        return last;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // only this thread counts
    public void giveUp() {
        ChronicleSegment segment = current;
        if (segment != null) {
            current = null;
            older = older + segment.end();
            written = 0;
            // What it lacks is known already.
            segment.giveUp(new IOException("journal: given up"));
        }
    }

    @Override
    public void abandon() throws IOException {
        if (uncovered != 0) {
            giveUp();
            dropBackwards(segments(folder).tailMap(uncovered));
            uncovered = 0;
            older = size(segments(folder));
        }
    }

    @Override
    public void dropBefore(int segment) throws IOException {
        boolean dropped = false;
        for (Path old : segments(folder).headMap(segment).values()) {
            ChronicleSegment.delete(old);
            dropped = true;
        }
        if (dropped) {
            ChronicleSegment.force(folder);
        }
        uncovered = 0;
        TreeMap<Integer, Path> left = segments(folder);
        if (current != null) {
            left.remove(last);
        }
        older = size(left);
    }

    private static long size(SortedMap<Integer, Path> segments) throws IOException {
        long sum = 0;
        for (Path segment : segments.values()) {
            sum += size(segment);
        }
        return sum;
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
