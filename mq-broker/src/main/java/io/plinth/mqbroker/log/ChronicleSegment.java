package io.plinth.mqbroker.log;

import io.plinth.kit.file.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Owned by the log's writer thread. The segment being written: a Chronicle Queue of its own whose clock stands still, so that it is one
 * cycle file, and closing it gives back every descriptor and map. Blocks are allocated by writing zeros ahead: a full disk is then an
 * IOException here, not a SIGBUS in the map.
 */
final class ChronicleSegment implements AutoCloseable {
    /** Chronicle maps a file in blocks of this size. */
    private static final int BLOCK = 1 << 20;
    /** Room for Chronicle's own index pages beside a record. */
    private static final int SLACK = 256 << 10;

    private static final int ZEROS = 256 << 10;
    /** What a segment takes before a record is in it. */
    private static final long FIRST = 4 << 20;

    static {
        // It reports every slow step of its own at INFO.
        Jvm.disablePerfHandler();
    }

    private final int id;
    private final Path folder;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final ExcerptFile file;
    private final ByteBuffer zeros;
    private long allocated;
    private long end;

    /** Creates the segment in a folder that does not exist yet, with {@code opening} as its first excerpt. */
    ChronicleSegment(int id, Path folder, ByteBuffer opening) throws IOException {
        this.id = id;
        this.folder = folder;
        Files.createDirectory(folder);
        // Before anything is allocated Chronicle writes through its map, where a full disk is no exception.
        if (Files.getFileStore(folder).getUsableSpace() < FIRST) {
            throw new IOException("segment " + id + ": No space left on device");
        }
        queue = queue(folder);
        ExcerptFile opened = null;
        try {
            appender = queue.createAppender();
            put(opening);
            opened = new ExcerptFile(fileIn(folder));
            file = opened;
            end = file.end();
            allocated = end;
            WholeFile.forceFolder(folder);
            WholeFile.forceFolder(java.util.Objects.requireNonNull(folder.getParent()));
            // Last: on a full disk none is made, and nobody gives it back soon.
            zeros = ByteBuffer.allocateDirect(ZEROS);
        } catch (IOException | RuntimeException | InternalError e) {
            if (opened != null) {
                opened.close();
            }
            try {
                queue.close();
            } catch (RuntimeException | InternalError again) {
                e.addSuppressed(again);
            }
            throw new IOException("segment " + id + ": not made", e);
        }
    }

    private ChronicleQueue queue(Path folder) throws IOException {
        try {
            return SingleChronicleQueueBuilder.binary(folder.toFile())
                    .syncMode(SyncMode.SYNC)
                    .blockSize(BLOCK)
                    .rollCycle(LegacyRollCycles.DAILY)
                    .timeProvider(() -> 0L)
                    .build();
        } catch (RuntimeException | InternalError e) {
            // The latter is what the machine makes of a map whose file has no room.
            throw new IOException("segment " + id + ": not made", e);
        }
    }

    static Path fileIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(path -> path.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("segment " + folder + ": no cycle file (expected: one)"));
        }
    }

    int id() {
        return id;
    }

    long end() {
        return end;
    }

    /** Appends one excerpt; returns the offset of its content. */
    long append(ByteBuffer excerpt) throws IOException {
        reserve(excerpt.remaining());
        int length = excerpt.remaining();
        long offset = put(excerpt);
        end = ExcerptFile.behind(offset, length);
        return offset;
    }

    private long put(ByteBuffer excerpt) throws IOException {
        try (DocumentContext context = appender.writingDocument()) {
            Bytes<?> bytes = java.util.Objects.requireNonNull(context.wire()).bytes();
            long offset = bytes.writePosition();
            bytes.write(excerpt.array(), excerpt.arrayOffset() + excerpt.position(), excerpt.remaining());
            return offset;
        } catch (RuntimeException e) {
            throw new IOException("segment " + id + ": append failed", e);
        }
    }

    /** Allocates what a record of so many octets takes. */
    void reserve(long bytes) throws IOException {
        allocate(end + bytes + SLACK);
    }

    private void allocate(long upTo) throws IOException {
        try {
            while (allocated < upTo) {
                zeros.clear();
                while (zeros.hasRemaining()) {
                    allocated += file.channel().write(zeros, allocated);
                }
            }
        } catch (IOException e) {
            throw NoRoomException.or("segment " + id, e, folder, upTo - allocated + ZEROS);
        }
    }

    /** Chronicle's sync only logs when msync fails, and an error of the device shows once per descriptor: so ask ours too. */
    void sync() throws IOException {
        try {
            appender.sync();
        } catch (RuntimeException e) {
            throw new IOException("segment " + id + ": sync failed", e);
        }
        file.channel().force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
        queue.close();
    }
}
