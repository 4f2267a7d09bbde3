package io.plinth.dbproxy.console;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.usage.Totals;
import io.plinth.dbproxy.usage.UsageBook;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Totals by database, and what they came to in the last whole period. Its snapshots are replaced by one event loop. */
public final class Statistics {
    /** As long as PgBouncer's stats_period. */
    static final int PERIOD_SECONDS = 60;

    private record Snapshot(long atNanos, Map<String, Totals> totals) {}

    /**
     * One database's numbers.
     *
     * @param period what was counted in the last period
     * @param seconds how long that was
     */
    record Line(Totals total, Totals period, double seconds) {}

    private final UsageBook usage;
    private final EventLoop loop;
    private final LongSupplier nanoTime;
    private volatile Snapshot older;
    private volatile Snapshot newer;
    private volatile boolean closed;

    /** {@code loop} is where it takes its snapshots. */
    public Statistics(UsageBook usage, EventLoop loop, LongSupplier nanoTime) {
        this.usage = usage;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.older = new Snapshot(nanoTime.getAsLong(), Map.of());
        this.newer = older;
        later();
    }

    private void later() {
        loop.schedule(
                () -> {
                    if (!closed) {
                        usage.totals().thenAccept(totals -> {
                            older = newer;
                            newer = new Snapshot(nanoTime.getAsLong(), totals);
                        });
                        later();
                    }
                },
                PERIOD_SECONDS,
                TimeUnit.SECONDS);
    }

    /** By database; the averages are those of the time since the start until a period is over. */
    CompletionStage<Map<String, Line>> lines() {
        return usage.totals().thenApply(totals -> {
            Snapshot from = older;
            Snapshot to = newer.atNanos() == from.atNanos() ? new Snapshot(nanoTime.getAsLong(), totals) : newer;
            double seconds = Math.max(1, (to.atNanos() - from.atNanos()) / 1e9);
            Map<String, Line> lines = new TreeMap<>();
            totals.forEach((name, now) -> lines.put(
                    name,
                    new Line(
                            now,
                            to.totals()
                                    .getOrDefault(name, Totals.NONE)
                                    .minus(from.totals().getOrDefault(name, Totals.NONE)),
                            seconds)));
            return lines;
        });
    }

    void close() {
        closed = true;
    }
}
