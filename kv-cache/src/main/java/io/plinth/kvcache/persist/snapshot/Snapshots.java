package io.plinth.kvcache.persist.snapshot;

import io.plinth.kit.file.WholeFile;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.persist.journal.Journal;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that saves, but for {@link #image}: the snapshots in a folder, {@code snapshot-NNNNNNNN}, of which the newest counts. */
public final class Snapshots {
    private static final String PREFIX = "snapshot-";
    private static final long HELD_NANOS = 5_000_000;
    private static final String UNFINISHED = "snapshot.new";
    /** Of an image: no start reads it, so that no journal goes on from it. */
    private static final int NO_JOURNAL = 0;

    private final Path folder;
    private final Keyspace keyspace;
    private final Clock clock;
    private final LongSupplier nanos;
    private final long gathered;
    private final Supplier<List<byte[]>> libraries;

    /** What a snapshot came to. */
    public record Saved(long keys, long bytes, long millis, long longestHoldMicros) {}

    /** {@code gathered} bytes of changes may wait in memory where there is no journal. */
    public Snapshots(
            Path folder,
            Keyspace keyspace,
            Clock clock,
            LongSupplier nanos,
            long gathered,
            Supplier<List<byte[]>> libraries) {
        this.libraries = libraries;
        this.folder = folder;
        this.keyspace = keyspace;
        this.clock = clock;
        this.nanos = nanos;
        this.gathered = gathered;
    }

    /** Those that are there, by number. */
    public TreeMap<Integer, Path> all() throws IOException {
        TreeMap<Integer, Path> found = new TreeMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                for (Path entry : entries.toList()) {
                    String name = entry.getFileName().toString();
                    if (name.matches(PREFIX + "\\d{8}")) {
                        found.put(Integer.parseInt(name.substring(PREFIX.length())), entry);
                    }
                }
            }
        }
        return found;
    }

    /**
     * Writes one and deletes those before it; {@code atStop} as the last thing of the process. Where {@code loops} serve clients they
     * encode it beside, else the caller does at full speed.
     */
    public Saved save(
            @Nullable Journal journal, int journalFrom, boolean atStop, List<? extends ScheduledExecutorService> loops)
            throws IOException {
        long start = nanos.getAsLong();
        Files.createDirectories(folder);
        TreeMap<Integer, Path> before = all();
        Path unfinished = folder.resolve(UNFINISHED);
        int from = journal == null ? journalFrom : done(journal.nextSegment());
        Path path = folder.resolve(String.format("%s%08d", PREFIX, before.isEmpty() ? 1 : before.lastKey() + 1));
        boolean named = false;
        boolean covers = false;
        Encoded encoded;
        try {
            encoded = write(unfinished, from, atStop, loops, journal == null ? new Gathering(gathered) : null);
            if (journal != null) {
                // Without the changes made meanwhile its pieces are of different moments.
                done(journal.flushed());
            }
            named = true;
            name(unfinished, path);
            for (Path old : before.values()) {
                Files.deleteIfExists(old);
            }
            if (journal != null) {
                done(journal.covered(from));
            }
            covers = true;
        } catch (IOException | RuntimeException | Error e) {
            discard(unfinished, e);
            throw e;
        } finally {
            if (journal != null && !covers) {
                // Where it has its name a start may find it, and needs the journal behind it.
                journal.uncovered(!named);
            }
        }
        return new Saved(
                encoded.keys, Files.size(path), (nanos.getAsLong() - start) / 1_000_000, encoded.longestNanos / 1_000);
    }

    /** From here on a start reads it; on the disk when it returns. */
    private void name(Path unfinished, Path path) throws IOException {
        try {
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("snapshot " + path + ": the file system cannot rename in one step", e);
        }
        force();
    }

    /** About how many bytes the next one takes: what the last took; 0 where there is none. */
    public long bytes() throws IOException {
        TreeMap<Integer, Path> there = all();
        return there.isEmpty() ? 0 : Files.size(there.lastEntry().getValue());
    }

    private record Encoded(long keys, long longestNanos) {}

    /**
     * Writes all keys, and whatever changed until all are written, to a file of its own that no start looks for: so it is of the moment it
     * ends at.
     */
    public void image(Path to, List<? extends ScheduledExecutorService> loops) throws IOException {
        write(to, NO_JOURNAL, false, loops, new Gathering(gathered));
    }

    private Encoded write(
            Path to,
            int journalFrom,
            boolean atStop,
            List<? extends ScheduledExecutorService> loops,
            @Nullable Gathering gathering)
            throws IOException {
        if (gathering != null) {
            listen(gathering);
        }
        boolean durable = journalFrom != NO_JOURNAL;
        try (SnapshotWriter writer = new SnapshotWriter(keyspace, to, nanos, gathering, durable)) {
            SnapshotFacts facts = new SnapshotFacts(
                    keyspace.hasher().seed(),
                    journalFrom,
                    clock.millis(),
                    atStop,
                    keyspace.databases().now());
            writer.write(facts, loops, libraries);
            return new Encoded(writer.keys(), writer.longestNanos());
        } catch (IOException | RuntimeException | Error e) {
            discard(to, e);
            throw e;
        } finally {
            if (gathering != null) {
                keyspace.unlisten(gathering, () -> true);
            }
        }
    }

    /** One without its name is of no use, and may be what fills the disk. */
    private static void discard(Path unfinished, Throwable cause) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException | RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private void listen(Gathering gathering) {
        while (true) {
            try {
                keyspace.listen(gathering);
                return;
            } catch (SegmentsHeldException e) {
                // A script has a segment for long. To listen to the others again changes nothing.
                LockSupport.parkNanos(HELD_NANOS);
            }
        }
    }

    private static int done(java.util.concurrent.CompletableFuture<Integer> future) throws IOException {
        try {
            return future.join();
        } catch (CompletionException | CancellationException e) {
            throw new IOException(
                    String.valueOf(e.getCause() == null ? e : e.getCause().getMessage()), e);
        }
    }

    /** Deletes those that are there. */
    public void drop() throws IOException {
        for (Path old : all().values()) {
            Files.deleteIfExists(old);
        }
        force();
    }

    private void force() throws IOException {
        WholeFile.forceFolder(folder);
    }
}
