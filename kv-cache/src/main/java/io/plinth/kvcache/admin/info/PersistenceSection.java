package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.SaveCounts;
import io.plinth.kvcache.persist.SaveKind;
import io.plinth.kvcache.persist.journal.Journal;

/** INFO persistence: snapshots under the names of RDB files, the journal, which a snapshot takes the place of, under those of AOF. */
final class PersistenceSection {
    private PersistenceSection() {}

    static void write(InfoSources sources, Call call, InfoText text) {
        Persistence known = sources.persistence().get();
        Journal journal = known == null ? null : known.journal();
        SaveCounts saves = known == null ? SaveCounts.NONE : known.saves();
        boolean rewrites = known != null && known.saving() == SaveKind.REWRITE;
        boolean writes = known != null && known.saving() == SaveKind.SAVE;
        long running = saves.saving() ? Math.max(0, (call.now() - saves.begunMillis()) / 1000) : -1;
        text.section("Persistence");
        text.line("loading", call.node().settings().loading() ? 1 : 0);
        text.zeros("async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age");
        text.line("current_fork_perc", "0.00");
        text.zeros("current_save_keys_processed", "current_save_keys_total");
        text.line("rdb_changes_since_last_save", known == null ? 0 : known.changesSinceSave());
        text.line("rdb_bgsave_in_progress", writes ? 1 : 0);
        text.line("rdb_last_save_time", saves.lastMillis() / 1000);
        text.line("rdb_last_bgsave_status", saves.lastFailed() ? "err" : "ok");
        text.line("rdb_last_bgsave_time_sec", seconds(saves.lastTookMillis()));
        text.line("rdb_current_bgsave_time_sec", writes ? running : -1);
        text.line("rdb_saves", saves.written());
        text.zeros("rdb_last_cow_size", "rdb_last_load_keys_expired");
        text.line("rdb_last_load_keys_loaded", saves.loadedKeys());
        text.line("aof_enabled", journal == null ? 0 : 1);
        text.line("aof_rewrite_in_progress", rewrites ? 1 : 0);
        text.line("aof_rewrite_scheduled", known != null && known.isScheduled(SaveKind.REWRITE) ? 1 : 0);
        text.line("aof_last_rewrite_time_sec", journal == null ? -1 : seconds(saves.lastTookMillis()));
        text.line("aof_current_rewrite_time_sec", rewrites ? running : -1);
        text.line("aof_last_bgrewrite_status", journal != null && saves.lastFailed() ? "err" : "ok");
        text.line("aof_rewrites", journal == null ? 0 : saves.written());
        text.line("aof_rewrites_consecutive_failures", journal == null ? 0 : saves.failures());
        text.line("aof_last_write_status", journal != null && journal.refusal() != null ? "err" : "ok");
        text.zeros("aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size");
        text.line("recovery_damages", known == null ? 0 : known.damages());
        text.line("recovery_torn", known == null ? 0 : known.torn());
        if (known != null && journal != null) {
            text.line("aof_current_size", journal.bytes());
            text.line("aof_base_size", 0);
            text.line("aof_pending_rewrite", 0);
            text.line("aof_buffer_length", journal.waiting());
            text.zeros("aof_pending_bio_fsync", "aof_delayed_fsync");
            text.line("journal_mode", known.settings().journal());
            text.line("journal_state", journal.state().shown());
            text.line("journal_syncs", journal.syncs());
        }
    }

    private static long seconds(long millis) {
        return millis < 0 ? -1 : millis / 1000;
    }
}
