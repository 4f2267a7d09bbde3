package io.plinth.lbproxy.admin;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The access log: event loops fill a buffer each and hand it over, one thread writes them. What that thread cannot keep
 * up with is dropped and counted, never waited for.
 */
public final class AccessLog implements AutoCloseable {
    private record Batch(byte[] bytes, int lines) {}

    private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
    private static final Batch END = new Batch(new byte[0], 0);
    private static final long STOP_MILLIS = 2_000;

    private final @Nullable Path file;
    private final AccessFormat.Kind format;
    private final Clock clock;
    private final BlockingQueue<Batch> queue;
    private final AtomicLong dropped = new AtomicLong();
    private final Thread writer;
    private volatile boolean reopen;

    /**
     * Prepares a log.
     *
     * @param file where to append; null for standard output
     * @param queued buffers that may wait to be written
     */
    public AccessLog(@Nullable Path file, AccessFormat.Kind format, int queued, String node, Clock clock) {
        this.file = file;
        this.format = format;
        this.clock = clock;
        queue = new ArrayBlockingQueue<>(queued);
        writer = Thread.ofPlatform().name(node + "-access-log").daemon(true).unstarted(this::write);
    }

    /** Opens the file and starts writing. */
    public void start() throws IOException {
        OutputStream first = open();
        if (file != null) {
            first.close();
        }
        writer.start();
    }

    /** A loop's part. */
    public AccessLane lane() {
        return new AccessLane(this, format.create(), clock::millis);
    }

    /** Lines that were not written. */
    public long dropped() {
        return dropped.get();
    }

    /** Opens the file anew with the next write, after it was moved away. */
    public void reopen() {
        reopen = true;
    }

    void offer(byte[] bytes, int lines) {
        if (!queue.offer(new Batch(bytes, lines))) {
            dropped.addAndGet(lines);
        }
    }

    private OutputStream open() throws IOException {
        return file == null
                ? System.out
                : Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private void write() {
        OutputStream out = null;
        try {
            for (Batch batch = queue.take(); batch.lines > 0; batch = queue.take()) {
                try {
                    if (out == null || (reopen && file != null)) {
                        reopen = false;
                        closeFile(out);
                        out = open();
                    }
                    out.write(batch.bytes);
                    out.flush();
                } catch (IOException e) {
                    dropped.addAndGet(batch.lines);
                    LOG.warn("access log {} not written: {}", file, e.toString());
                    closeFile(out);
                    out = null;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeFile(out);
        }
    }

    private void closeFile(@Nullable OutputStream out) {
        if (out != null && file != null) {
            try {
                out.close();
            } catch (IOException e) {
                LOG.warn("access log {} not closed: {}", file, e.toString());
            }
        }
    }

    /** Writes what is queued and ends. */
    @Override
    public void close() {
        if (!writer.isAlive()) {
            return;
        }
        try {
            if (queue.offer(END, STOP_MILLIS, TimeUnit.MILLISECONDS)) {
                writer.join(STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (writer.isAlive()) {
            writer.interrupt();
        }
    }
}
