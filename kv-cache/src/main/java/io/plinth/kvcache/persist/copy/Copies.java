package io.plinth.kvcache.persist.copy;

import io.plinth.kit.lifecycle.NiceValue;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.persist.snapshot.Image;
import io.plinth.kvcache.persist.snapshot.Snapshots;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shared by all loops: files of all keys, each of one moment. One thread makes them one after the other; who asks before the next is begun
 * shares it, as in Redis. Another thread reads them for those who take them.
 */
public final class Copies implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Copies.class);
    /** About a third of a loop's share of a processor where both want it. */
    private static final int NICER = 5;

    private static final String IMAGE = "copy.image";
    private static final String CHANGES = "copy.changes";
    private static final String SPOOL = "copy.spool";
    private static final String FILE = "copy.rdb";
    /** The Redis whose files these are like. */
    private static final String LIKE = "7.0.15";

    private final Path folder;
    private final Snapshots snapshots;
    private final Supplier<List<byte[]>> libraries;
    private final List<? extends ScheduledExecutorService> loops;
    private final CopySettings settings;
    private final Clock clock;
    private final ExecutorService maker;
    private final ExecutorService reader;
    /** Those that are asked for and not begun. */
    private final Map<CopyWish, Asked> asked = new HashMap<>();

    private int users;

    private static final class Asked {
        final CompletableFuture<CopyFile> file = new CompletableFuture<>();
        int users;
    }

    /** {@code loops} encode between their connections' commands. */
    public Copies(
            Path folder,
            Snapshots snapshots,
            Supplier<List<byte[]>> libraries,
            List<? extends ScheduledExecutorService> loops,
            CopySettings settings,
            Clock clock,
            ThreadFactory threads) {
        this.folder = folder;
        this.snapshots = snapshots;
        this.libraries = libraries;
        this.loops = loops;
        this.settings = settings;
        this.clock = clock;
        this.maker = Executors.newSingleThreadExecutor(NiceValue.behind(threads, NICER));
        this.reader = Executors.newSingleThreadExecutor(threads);
    }

    /** Removes what a life before left unfinished. */
    public void clear() throws IOException {
        for (String name : List.of(FILE, IMAGE, CHANGES, SPOOL)) {
            Files.deleteIfExists(folder.resolve(name));
        }
    }

    /** What copies may take. */
    public CopySettings settings() {
        return settings;
    }

    /** Has a file made that is of a moment from now on; to be {@link #release}d. Null where there are as many users as may be. */
    public synchronized @Nullable CompletableFuture<CopyFile> ask(CopyWish wish) {
        if (users == settings.most()) {
            return null;
        }
        users++;
        Asked next = asked.get(wish);
        if (next == null) {
            next = new Asked();
            asked.put(wish, next);
            try {
                maker.execute(() -> make(wish));
            } catch (RejectedExecutionException e) {
                next.file.completeExceptionally(new IOException("copy: the node is being stopped", e));
            }
        }
        next.users++;
        return next.file;
    }

    /** Who asked for it wants it no more, whether it is made or not. */
    public void release(CompletableFuture<CopyFile> file) {
        synchronized (this) {
            users--;
        }
        file.thenAccept(CopyFile::release);
    }

    private void make(CopyWish wish) {
        Asked next;
        synchronized (this) {
            next = asked.remove(wish);
        }
        if (next == null) {
            throw new IllegalStateException("copy: " + wish + " (expected: one that was asked for)");
        }
        try {
            next.file.complete(file(wish, next.users));
        } catch (IOException e) {
            LOG.warn("not made: {}", e.getMessage());
            next.file.completeExceptionally(e);
        } catch (RuntimeException | Error e) {
            LOG.warn("copy: not made", e);
            next.file.completeExceptionally(e);
        }
    }

    private CopyFile file(CopyWish wish, int takers) throws IOException {
        Files.createDirectories(folder);
        Path image = folder.resolve(IMAGE);
        Path file = folder.resolve(FILE);
        long begun = clock.millis();
        try {
            if (wish.keys()) {
                snapshots.image(image, loops);
            }
            long now = clock.millis();
            try (OutputStream to = Files.newOutputStream(file)) {
                RdbFileWriter out = new RdbFileWriter(to, now);
                out.fact("redis-ver", LIKE);
                out.fact("redis-bits", "64");
                out.fact("ctime", Long.toString(now / 1000));
                out.fact("aof-base", "0");
                if (wish.keys()) {
                    keys(image, wish, out, now);
                    LOG.info("copy: image in {} ms, file in {} ms", now - begun, clock.millis() - now);
                } else if (wish.functions()) {
                    for (byte[] library : libraries.get()) {
                        out.library(library);
                    }
                }
                out.end();
            } catch (UncheckedIOException e) {
                throw new IOException(
                        "copy: " + Objects.requireNonNull(e.getCause()).getMessage(), e);
            }
            return new CopyFile(FileChannel.open(file, StandardOpenOption.READ), reader, takers);
        } finally {
            // Who has it open goes on reading it.
            clear();
        }
    }

    private void keys(Path path, CopyWish wish, RdbFileWriter out, long now) throws IOException {
        try (Image image = new Image(path);
                ChangeFile changes = new ChangeFile(folder.resolve(CHANGES));
                Spool spool = new Spool(folder.resolve(SPOOL))) {
            if (wish.functions()) {
                image.libraries().forEach(out::library);
            }
            CopyWriter writer = new CopyWriter(image, changes, spool, out, settings.memory(), now);
            writer.write();
            LOG.info(
                    "copy of {} keys; {} hashes without their fields' expiries", writer.keys(), writer.withoutExpiry());
        }
    }

    @Override
    public void close() {
        maker.shutdownNow();
        reader.shutdownNow();
    }
}
