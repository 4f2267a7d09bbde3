package io.plinth.kvcache.admin;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.persist.journal.Journal;

/** What /metrics shows of a journal; read when scraped. */
public final class JournalMetrics {
    private JournalMetrics() {}

    /** Registers all of them. */
    public static void register(Metrics metrics, Journal journal) {
        metrics.gauge(
                "kvcache_journal_refuses",
                "1 while writes are refused since the journal cannot take them, else 0.",
                () -> journal.refusal() == null ? 0 : 1);
        metrics.gauge("kvcache_journal_bytes", "What its segments take.", journal::bytes);
        metrics.gauge("kvcache_journal_waiting_bytes", "Changes that are not written yet.", journal::waiting);
        metrics.counter("kvcache_journal_syncs_total", "Times it was synced.", journal::syncs);
    }
}
