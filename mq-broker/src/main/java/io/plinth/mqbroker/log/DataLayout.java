package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The data folder: {@code layout} (format and number of shards, fixed when the folder is made), {@code broker.lock}, {@code shard-NN} and
 * {@code definitions} (segment logs), {@code index} (RocksDB).
 */
public final class DataLayout implements AutoCloseable {
    private static final Pattern LAYOUT = Pattern.compile("format (\\d{1,9})\\nshards (\\d{1,9})\\n");
    private static final int FORMAT = 1;

    private final Path folder;
    private final FileChannel lockFile;
    private final int shards;

    /** Opens the folder, which gets {@code newShards} shards when it is new; refuses one that another process holds. */
    public DataLayout(Path folder, int newShards) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder);
        lockFile = FileChannel.open(folder.resolve("broker.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lock();
            shards = layout(newShards);
        } catch (IOException | RuntimeException e) {
            lockFile.close();
            throw e;
        }
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new IOException("data folder " + folder + ": in use (expected: one broker; stop the other)");
        }
    }

    private int layout(int newShards) throws IOException {
        Path file = folder.resolve("layout");
        if (!Files.exists(file)) {
            Path next = folder.resolve("layout.new");
            try (FileChannel out = FileChannel.open(
                    next, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                out.write(StandardCharsets.US_ASCII.encode("format " + FORMAT + "\nshards " + newShards + "\n"));
                out.force(true);
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
                directory.force(true);
            }
        }
        Matcher matcher = LAYOUT.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) != FORMAT) {
            throw new IOException(file + ": not a layout of format " + FORMAT
                    + " (expected: a data folder of this release or an older one)");
        }
        return Integer.parseInt(matcher.group(2));
    }

    public int shards() {
        return shards;
    }

    public Path shard(int number) {
        return folder.resolve(String.format("shard-%02d", number));
    }

    public Path definitions() {
        return folder.resolve("definitions");
    }

    public Path index() {
        return folder.resolve("index");
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
