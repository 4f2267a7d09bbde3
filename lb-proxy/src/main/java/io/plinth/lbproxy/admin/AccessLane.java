package io.plinth.lbproxy.admin;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's part of the access log: formats lines into its buffer and hands full ones to the writer. Owned by
 * that loop.
 */
public final class AccessLane {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final @Nullable AccessLog log;
    private final AccessFormat format;
    private final LongSupplier millis;
    private final LogLines buffer = new LogLines(BUFFER_BYTES + 4096);
    private int lines;

    AccessLane(@Nullable AccessLog log, AccessFormat format, LongSupplier millis) {
        this.log = log;
        this.format = format;
        this.millis = millis;
    }

    /** A lane that drops everything, for an access log that is off. */
    public static AccessLane off() {
        return new AccessLane(null, (entry, millis, out) -> {}, () -> 0);
    }

    /** Adds a request's line. */
    public void add(AccessEntry entry) {
        if (log == null) {
            return;
        }
        format.write(entry, millis.getAsLong(), buffer);
        lines++;
        if (buffer.size() >= BUFFER_BYTES) {
            flush();
        }
    }

    /** Hands what is there to the writer; called a few times a second. */
    public void flush() {
        if (log != null && buffer.size() > 0) {
            log.offer(buffer.take(), lines);
            lines = 0;
        }
    }
}
