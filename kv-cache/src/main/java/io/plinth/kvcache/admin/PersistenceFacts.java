package io.plinth.kvcache.admin;

import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.journal.Journal;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** INFO's lines about journal and snapshots, under Redis's names where it has one. */
final class PersistenceFacts {
    private PersistenceFacts() {}

    static Map<String, Object> lines(@Nullable Persistence known) {
        Journal journal = known == null ? null : known.journal();
        Map<String, Object> lines = new LinkedHashMap<>();
        lines.put("rdb_changes_since_last_save", known == null ? 0 : known.changesSinceSave());
        lines.put("rdb_bgsave_in_progress", known != null && known.saving() ? 1 : 0);
        lines.put("rdb_last_save_time", known == null ? 0 : known.lastSaveMillis() / 1000);
        lines.put("rdb_last_bgsave_status", known != null && known.lastFailed() ? "err" : "ok");
        lines.put("rdb_last_bgsave_time_sec", known == null ? -1 : seconds(known.lastTookMillis()));
        lines.put("aof_enabled", journal == null ? 0 : 1);
        lines.put("aof_rewrite_in_progress", 0);
        lines.put("aof_last_write_status", journal != null && journal.refusal() != null ? "err" : "ok");
        if (known != null && journal != null) {
            lines.put("aof_current_size", journal.bytes());
            lines.put("journal_mode", known.settings().journal());
            lines.put("journal_syncs", journal.syncs());
        }
        return lines;
    }

    private static long seconds(long millis) {
        return millis < 0 ? -1 : millis / 1000;
    }
}
