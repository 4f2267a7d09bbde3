package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

    /** Makes the segment in a folder that is not there yet, with its first excerpt. */
    ChronicleSegment(Path folder, ByteBuffer opening) throws IOException {
        this.folder = folder;
        Files.createDirectory(folder);
        queue = SingleChronicleQueueBuilder.binary(folder.toFile())
                .syncMode(SyncMode.SYNC)
                .blockSize(BLOCK)
                .rollCycle(LegacyRollCycles.DAILY)
                .timeProvider(() -> 0L)
                .build();
        appender = queue.createAppender();
        put(opening);
        Path made = Objects.requireNonNull(file(folder), "a cycle file");
        file = FileChannel.open(made, StandardOpenOption.READ, StandardOpenOption.WRITE);
        allocated = end;
        force(folder);
        force(Objects.requireNonNull(folder.getParent()));
    }

    /** The file of a segment; null where the process died before there was one. */
    static @org.jspecify.annotations.Nullable Path file(Path folder) throws IOException {
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

    void append(ByteBuffer excerpt) throws IOException {
        while (allocated < end + excerpt.remaining() + SLACK) {
            zeros.clear();
            while (zeros.hasRemaining()) {
                allocated += file.write(zeros, allocated);
            }
        }
        put(excerpt);
    }

    private void put(ByteBuffer excerpt) throws IOException {
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

    @Override
    public void close() throws IOException {
        file.close();
        queue.close();
    }
}
