package io.plinth.deploy.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its thread. Puts the log aside that this process writes to by its standard output, once it is so large, and goes on in
 * another of that name. The process does it itself, as nobody else is there who lives as long.
 */
public final class LogRotation implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(LogRotation.class);

    private final Path log;
    private final long size;
    private final int kept;
    private final long pauseMillis;

    LogRotation(Path log, long size, int kept, long pauseMillis) {
        this.log = log;
        this.size = size;
        this.kept = kept;
        this.pauseMillis = pauseMillis;
    }

    /** From now on, looking once a second; not at all where standard output goes somewhere else, as under systemd. */
    public static void begin(Path log, long size, int kept) {
        if (StandardOutput.is(log)) {
            Thread.ofPlatform().daemon().name("log-rotation").start(new LogRotation(log, size, kept, 1_000));
        }
    }

    /** Puts a log aside that is so large and that nobody writes to, as whoever does is to be started. */
    public static void atStart(Path log, long size, int kept) throws IOException {
        if (Files.exists(log) && Files.size(log) >= size) {
            turn(log, kept);
        }
    }

    private static void turn(Path log, int kept) throws IOException {
        for (int turn = kept - 1; turn > 0; turn--) {
            if (Files.exists(earlier(log, turn))) {
                Files.move(earlier(log, turn), earlier(log, turn + 1), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.move(log, earlier(log, 1), StandardCopyOption.REPLACE_EXISTING);
    }

    /** The file that was the log {@code turns} times ago. */
    public static Path earlier(Path log, int turns) {
        return log.resolveSibling(log.getFileName() + "." + turns);
    }

    @Override
    public void run() {
        boolean failed = false;
        while (!Thread.currentThread().isInterrupted()) {
            try {
                look();
                failed = false;
            } catch (IOException e) {
                if (!failed) {
                    LOG.warn("{} grows on: {}", log, e.getMessage());
                }
                failed = true;
            }
            try {
                Thread.sleep(pauseMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void look() throws IOException {
        if (StandardOutput.is(log)) {
            if (Files.size(log) < size) {
                return;
            }
            putAside();
        }
        // Or somebody else has moved it: the process that this node is handed over to or was, or an operator.
        StandardOutput.appendTo(log);
    }

    /**
     * Two processes have one log while one hands the node over to the other. Who has the lock looks again whether the log is still the
     * one that both found too large; it is a lock of that file, so who comes later opens another file, or none.
     */
    private void putAside() throws IOException {
        try (FileChannel file = FileChannel.open(log, StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            if (!lock.isValid() || !StandardOutput.is(log)) {
                return;
            }
            turn(log, kept);
        } catch (NoSuchFileException e) {
            LOG.debug("{} was put aside by another process", log);
        }
    }
}
