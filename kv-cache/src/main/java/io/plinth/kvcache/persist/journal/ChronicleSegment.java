package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.wire.DocumentContext;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the journal's thread: the segment that is written, a Chronicle Queue of its own whose clock stands still, so that it is one
 * file and closing it gives back its maps. Blocks are allocated by writing zeros ahead: a full disk is an IOException here, not a
 * SIGBUS in a map.
 */
final class ChronicleSegment implements AutoCloseable {
    private static final int BLOCK = 1 << 20;
    /** Room for Chronicle's own index pages beside an excerpt. */
    private static final int SLACK = 256 << 10;

    private static final int ZEROS = 1 << 20;
    /** What a segment takes before a record is in it: Chronicle writes that through its maps. */
    private static final long FIRST = 4 << 20;

    static {
        // It reports every slow step of its own at INFO.
        Jvm.disablePerfHandler();
    }

    private final Path folder;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final FileChannel file;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS);
    private long allocated;
    private long end;

    /**
     * Makes the segment in a folder that is not there yet, with its first excerpt; where that fails nothing of it is there.
     * {@link NoRoomException} for want of room.
     */
    static ChronicleSegment make(Path folder, ByteBuffer opening) throws IOException {
        Path parent = Objects.requireNonNull(folder.getParent());
        try {
            // Before anything is allocated Chronicle writes through its maps, where a full disk is no exception.
            probe(parent);
            return new ChronicleSegment(folder, opening);
        } catch (IOException | RuntimeException | InternalError e) {
            // The latter is what the machine makes of a map whose file has no room.
            try {
                delete(folder);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw NoRoomException.or("journal " + folder + ": not made", e, parent, FIRST);
        }
    }

    /** Usable space says nothing of quotas: so it is tried. */
    private static void probe(Path parent) throws IOException {
        Path file = parent.resolve("room.probe");
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocate(64 << 10);
            for (long done = 0; done < FIRST; done += out.write(zeros)) {
                zeros.clear();
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** Deletes a segment's folder, its file first. */
    static void delete(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private ChronicleSegment(Path folder, ByteBuffer opening) throws IOException {
        this.folder = folder;
        Files.createDirectory(folder);
        queue = SingleChronicleQueueBuilder.binary(folder.toFile())
                .syncMode(SyncMode.SYNC)
                .blockSize(BLOCK)
                .rollCycle(LegacyRollCycles.DAILY)
                .timeProvider(() -> 0L)
                .build();
        FileChannel opened = null;
        try {
            appender = queue.createAppender();
            append(opening);
            opened = FileChannel.open(
                    Objects.requireNonNull(file(folder), "a cycle file"),
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            file = opened;
            allocated = end;
            force(folder);
            force(Objects.requireNonNull(folder.getParent()));
        } catch (IOException | RuntimeException | InternalError e) {
            giveBack(opened, queue, e);
            throw e;
        }
    }

    private static void giveBack(@Nullable FileChannel file, ChronicleQueue queue, Throwable cause) {
        try (queue) {
            if (file != null) {
                file.close();
            }
        } catch (IOException | RuntimeException | InternalError e) {
            cause.addSuppressed(e);
        }
    }

    /** The file of a segment; null where the process died before there was one. */
    static @Nullable Path file(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(path -> path.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElse(null);
        }
    }

    /** What was made or deleted in a folder survives the loss of power. */
    static void force(Path folder) throws IOException {
        try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    long end() {
        return end;
    }

    /** Allocates what so many bytes of excerpts take; {@link NoRoomException} where there is no room for them. */
    void reserve(long bytes) throws IOException {
        long upto = end + bytes + SLACK;
        try {
            while (allocated < upto) {
                zeros.clear();
                while (zeros.hasRemaining()) {
                    allocated += file.write(zeros, allocated);
                }
            }
        } catch (IOException e) {
            throw NoRoomException.or("journal " + folder, e, folder, upto - allocated);
        }
    }

    /**
     * Writes an excerpt whose room is reserved. It asks for none: an index page between excerpts would make it want more than was
     * reserved, with some of the records written already.
     */
    void append(ByteBuffer excerpt) throws IOException {
        int length = excerpt.remaining();
        try (DocumentContext context = appender.writingDocument()) {
            Bytes<?> bytes = Objects.requireNonNull(context.wire()).bytes();
            end = bytes.writePosition() + length;
            bytes.write(excerpt.array(), excerpt.arrayOffset() + excerpt.position(), length);
        } catch (RuntimeException e) {
            throw new IOException("journal " + folder + ": append failed", e);
        }
    }

    /** Chronicle only logs that its msync failed, and a device reports an error once per descriptor: so ours is asked, too. */
    void sync() throws IOException {
        try {
            appender.sync();
        } catch (RuntimeException e) {
            throw new IOException("journal " + folder + ": sync failed", e);
        }
        file.force(false);
    }

    /** Gives back what it holds of a segment that nothing more is expected of. */
    void giveUp(Throwable cause) {
        giveBack(file, queue, cause);
    }

    @Override
    public void close() throws IOException {
        file.close();
        queue.close();
    }
}
