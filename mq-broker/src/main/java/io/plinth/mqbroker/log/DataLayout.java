package io.plinth.mqbroker.log;

import io.plinth.kit.file.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data folder: {@code layout} (format and number of shards, fixed when the folder is made), {@code broker.lock}, {@code shard-NN} and
 * {@code definitions} (segment logs), {@code index} (RocksDB), {@code room} (kept so that a full disk can be started on).
 */
public final class DataLayout implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DataLayout.class);
    private static final Pattern LAYOUT = Pattern.compile("format (\\d{1,9})\\nshards (\\d{1,9})\\n");
    private static final int FORMAT = 1;
    private static final String ROOM = "room";
    private static final int ROOM_BYTES = 4 << 20;
    private static final int ROOM_PIECE = 256 << 10;

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
            WholeFile.replace(file, "format " + FORMAT + "\nshards " + newShards + "\n");
        }
        Matcher matcher = LAYOUT.matcher(Files.readString(file, StandardCharsets.US_ASCII));
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) != FORMAT) {
            throw new IOException(file + ": not a layout of format " + FORMAT
                    + " (expected: a data folder of this release or an older one)");
        }
        return Integer.parseInt(matcher.group(2));
    }

    /** Gives the disk back what was kept for a start: the index cannot be opened without writing some. */
    public void takeRoom() throws IOException {
        Files.deleteIfExists(folder.resolve(ROOM));
    }

    /** Keeps what the next start needs, where the disk has it. */
    public void keepRoom() {
        Path room = folder.resolve(ROOM);
        try (FileChannel out = FileChannel.open(room, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocate(ROOM_PIECE);
            while (out.size() < ROOM_BYTES) {
                out.write(zeros.clear());
            }
        } catch (IOException e) {
            LOG.warn("{}: the disk has no room to keep for the next start: {}", room, e.toString());
        }
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
