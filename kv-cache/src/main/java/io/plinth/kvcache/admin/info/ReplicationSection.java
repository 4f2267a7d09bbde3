package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.replica.Replication;
import java.util.Map;

/** INFO replication: whom the node follows; nobody follows it. */
final class ReplicationSection {
    private static final String NO_ID = "0".repeat(40);

    private ReplicationSection() {}

    static void write(InfoSources sources, Call call, InfoText text) {
        Replication known = sources.replication().get();
        Map<String, Object> followed = known == null ? Map.of() : known.lines();
        text.section("Replication");
        text.line("role", followed.isEmpty() ? "master" : "slave");
        followed.forEach(text::line);
        text.line("connected_slaves", 0);
        text.line("master_failover_state", "no-failover");
        text.line("master_replid", call.node().settings().replicationId());
        text.line("master_replid2", NO_ID);
        text.line("master_repl_offset", followed.getOrDefault("slave_repl_offset", 0));
        text.line("second_repl_offset", -1);
        text.line("repl_backlog_active", 0);
        text.line("repl_backlog_size", sources.config().shown("repl-backlog-size", call.node()));
        text.zeros("repl_backlog_first_byte_offset", "repl_backlog_histlen");
    }
}
