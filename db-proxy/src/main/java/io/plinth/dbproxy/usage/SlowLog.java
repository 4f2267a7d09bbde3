package io.plinth.dbproxy.usage;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Statements that took long: the last ones kept, and told to the log, so many a second. Any thread. */
public final class SlowLog {
    private static final Logger LOG = LoggerFactory.getLogger(SlowLog.class);
    private static final int KEPT = 100;
    private static final int LINES_A_SECOND = 20;

    /** The trace context that sqlcommenter puts into a comment: version, trace, parent, flags (W3C Trace Context). */
    private static final Pattern TRACE =
            Pattern.compile("traceparent='([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})'");

    /**
     * One of them.
     *
     * @param text with its literals masked
     * @param trace the trace context its comment named, or empty
     */
    public record Slow(
            long micros,
            String database,
            String user,
            String application,
            String server,
            String fingerprint,
            String text,
            String trace) {}

    private final ArrayDeque<Slow> last = new ArrayDeque<>();
    private long second;
    private int lines;
    private long untold;

    /** A statement took {@code nanos}; {@code now} is the clock's. */
    public void add(
            long now,
            long nanos,
            String database,
            String user,
            String application,
            String server,
            long fingerprint,
            byte[] sql) {
        Slow slow = new Slow(
                nanos / 1000,
                database,
                user,
                application,
                server,
                StatementBook.name(fingerprint),
                LoopStatements.text(sql),
                trace(sql));
        if (keep(slow, TimeUnit.NANOSECONDS.toSeconds(now))) {
            LOG.warn(
                    "slow statement: {} ms - database={} user={} application={} server={} fingerprint={} trace={}"
                            + " statement={}",
                    slow.micros / 1000,
                    database,
                    user,
                    application,
                    server,
                    slow.fingerprint,
                    slow.trace,
                    slow.text);
        }
    }

    /** Whether there is room for a line of it. */
    private synchronized boolean keep(Slow slow, long now) {
        if (last.size() == KEPT) {
            last.removeFirst();
        }
        last.add(slow);
        if (now != second) {
            if (untold > 0) {
                LOG.warn("slow statements that have no line of their own: {} - see /slow", untold);
            }
            second = now;
            lines = 0;
            untold = 0;
        }
        boolean room = lines < LINES_A_SECOND;
        lines++;
        untold += room ? 0 : 1;
        return room;
    }

    /** The last ones, the latest first. */
    public synchronized List<Slow> last() {
        return new ArrayList<>(last).reversed();
    }

    static String trace(byte[] sql) {
        Matcher matcher = TRACE.matcher(new String(sql, StandardCharsets.UTF_8));
        return matcher.find() ? matcher.group(1) : "";
    }
}
