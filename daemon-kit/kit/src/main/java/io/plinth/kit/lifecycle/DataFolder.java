package io.plinth.kit.lifecycle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A node's own folder, 0700, and the lock that keeps a second process out of it. Owned by the runner thread. */
final class DataFolder implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final long RETRY_MILLIS = 20;

    private final String node;
    private final Path path;
    private @Nullable FileChannel channel;

    private DataFolder(String node, Path path) {
        this.node = node;
        this.path = path;
    }

    /** Makes the folder where there is none; locks nothing yet. */
    static DataFolder make(String node, Path state) throws StartException {
        Path path = state.resolve("nodes").resolve(node);
        try {
            Files.createDirectories(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            Files.setPosixFilePermissions(path, OWNER_ONLY);
            return new DataFolder(node, path);
        } catch (IOException e) {
            throw new StartException(
                    node + ": data folder " + path + " cannot be made: " + e.getMessage()
                            + "; change `state` in the file or its owner",
                    e);
        }
    }

    Path path() {
        return path;
    }

    /** Takes the lock, waiting {@code patienceMillis} for a process that is about to give it up. */
    void lock(long patienceMillis) throws StartException, InterruptedException {
        long tries = patienceMillis / RETRY_MILLIS;
        while (!tryLock()) {
            if (tries-- <= 0) {
                throw new StartException(
                        node + ": data folder " + path + " is in use by process " + holder() + "; stop that one first",
                        null);
            }
            Thread.sleep(RETRY_MILLIS);
        }
    }

    private boolean tryLock() throws StartException {
        FileChannel opened = null;
        try {
            opened = FileChannel.open(
                    path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = opened.tryLock();
            if (lock != null) {
                opened.truncate(0);
                String pid = ProcessHandle.current().pid() + "\n";
                opened.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)));
                channel = opened;
                return true;
            }
            opened.close();
            return false;
        } catch (OverlappingFileLockException e) {
            closeQuietly(opened);
            return false;
        } catch (IOException e) {
            closeQuietly(opened);
            throw new StartException(node + ": " + path.resolve("lock") + " cannot be locked: " + e.getMessage(), e);
        }
    }

    private String holder() {
        try {
            String pid = Files.readString(path.resolve("lock")).strip();
            return pid.isEmpty() ? "unknown" : pid;
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static void closeQuietly(@Nullable FileChannel opened) {
        if (opened != null) {
            try {
                opened.close();
            } catch (IOException e) {
                // Nothing was written through it.
                return;
            }
        }
    }

    /** Gives up the lock. Idempotent. */
    @Override
    public void close() {
        closeQuietly(channel);
        channel = null;
    }
}
