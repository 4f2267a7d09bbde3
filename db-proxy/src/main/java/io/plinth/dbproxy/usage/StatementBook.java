package io.plinth.dbproxy.usage;

import io.plinth.kit.metrics.Metrics;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** How long statements took, by fingerprint, over all event loops. Any thread. */
public final class StatementBook {
    private final Map<List<String>, Entry> entries = new ConcurrentHashMap<>();
    private final int limit;
    private final LongSupplier nanoTime;

    /**
     * A statement of a database.
     *
     * @param text with its literals masked
     */
    public record Entry(String database, String fingerprint, String text, Latencies latencies) {}

    /** {@code limit} is how many each event loop keeps of a database. */
    public StatementBook(int limit, Metrics metrics, LongSupplier nanoTime) {
        this.limit = limit;
        this.nanoTime = nanoTime;
        LatencyMetrics.register(
                metrics,
                "db_proxy_statement_seconds",
                "How long statements took, by fingerprint (/statements has the texts); quantiles of the last one to two"
                        + " minutes.",
                List.of("database", "fingerprint"),
                this::latencies);
    }

    private Map<List<String>, Latencies> latencies() {
        Map<List<String>, Latencies> all = new HashMap<>();
        entries.forEach((key, entry) -> all.put(key, entry.latencies));
        return all;
    }

    /** Everything known, in no order. */
    public List<Entry> entries() {
        return List.copyOf(entries.values());
    }

    /** One event loop's part of a database. */
    LoopStatements loop(String database) {
        return new LoopStatements(this, database, limit);
    }

    /** The name of a fingerprint. */
    public static String name(long fingerprint) {
        return String.format(Locale.ROOT, "%016x", fingerprint);
    }

    Latencies.Recorder open(String database, long fingerprint, String text) {
        String name = name(fingerprint);
        Latencies.Recorder[] opened = new Latencies.Recorder[1];
        entries.compute(List.of(database, name), (key, known) -> {
            Entry entry = known == null ? new Entry(database, name, text, new Latencies(nanoTime)) : known;
            opened[0] = entry.latencies.open();
            return entry;
        });
        return opened[0];
    }

    void close(String database, long fingerprint, Latencies.Recorder recorder) {
        entries.computeIfPresent(
                List.of(database, name(fingerprint)), (key, known) -> known.latencies.close(recorder) ? null : known);
    }
}
