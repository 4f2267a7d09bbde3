package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.acl.AclLog;
import io.plinth.kvcache.acl.Verdict;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.command.Stats;
import io.plinth.kvcache.command.stats.Traffic;
import io.plinth.kvcache.keyspace.KeyspaceStats;
import io.plinth.kvcache.replica.Replication;
import java.util.concurrent.TimeUnit;

/** INFO stats: since the start, or since CONFIG RESETSTAT. */
final class StatsSection {
    private StatsSection() {}

    static void write(InfoSources sources, NodeState node, InfoText text) {
        Stats stats = node.stats();
        Traffic traffic = stats.traffic();
        Traffic.Sum sum = traffic.sum();
        text.section("Stats");
        text.line("total_connections_received", node.clients().accepted());
        text.line("total_commands_processed", stats.commands());
        text.line("instantaneous_ops_per_sec", stats.perSecond());
        text.line("total_net_input_bytes", sum.input());
        text.line("total_net_output_bytes", sum.output());
        Replication replication = sources.replication().get();
        text.line("total_net_repl_input_bytes", replication == null ? 0 : replication.received());
        text.line("total_net_repl_output_bytes", 0);
        text.ratio("instantaneous_input_kbps", traffic.inputPerSecond() / 1024.0);
        text.ratio("instantaneous_output_kbps", traffic.outputPerSecond() / 1024.0);
        text.ratio("instantaneous_input_repl_kbps", 0);
        text.ratio("instantaneous_output_repl_kbps", 0);
        text.line("rejected_connections", node.clients().rejected());
        text.zeros("sync_full", "sync_partial_ok", "sync_partial_err");
        keys(node, text);
        text.line("pubsub_channels", node.pubSub().channels().size());
        text.line("pubsub_patterns", node.pubSub().patterns());
        text.line("pubsubshard_channels", node.pubSub().shardChannels().size());
        text.zeros(
                "latest_fork_usec",
                "total_forks",
                "migrate_cached_sockets",
                "slave_expires_tracked_keys",
                "active_defrag_hits",
                "active_defrag_misses",
                "active_defrag_key_hits",
                "active_defrag_key_misses",
                "total_active_defrag_time",
                "current_active_defrag_time");
        text.line("tracking_total_keys", node.tracking().keys());
        text.line("tracking_total_items", node.tracking().items());
        text.line("tracking_total_prefixes", node.tracking().prefixes());
        text.line("unexpected_error_replies", 0);
        text.line("total_error_replies", stats.errors().all());
        text.line("dump_payload_sanitizations", 0);
        text.line("total_reads_processed", sum.reads());
        text.line("total_writes_processed", sum.writes());
        text.zeros("io_threaded_reads_processed", "io_threaded_writes_processed");
        text.line(
                "client_output_buffer_limit_disconnections",
                node.clients().buffers().cut());
        text.zeros("reply_buffer_shrinks", "reply_buffer_expands");
        denials(node.settings().users().log(), text);
    }

    private static void keys(NodeState node, InfoText text) {
        KeyspaceStats keys = node.keyspace().stats();
        text.line("expired_keys", keys.expired());
        text.line("expired_stale_perc", "0.00");
        text.line("expired_time_cap_reached_count", 0);
        text.line(
                "expire_cycle_cpu_milliseconds",
                TimeUnit.NANOSECONDS.toMillis(node.stats().expiryNanos()));
        text.line("evicted_keys", keys.evicted());
        text.zeros("evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time");
        text.line("keyspace_hits", keys.hits());
        text.line("keyspace_misses", keys.misses());
    }

    private static void denials(AclLog log, InfoText text) {
        text.line("acl_access_denied_auth", log.denied(Verdict.Denied.AUTH));
        text.line("acl_access_denied_cmd", log.denied(Verdict.Denied.COMMAND));
        text.line("acl_access_denied_key", log.denied(Verdict.Denied.KEY));
        text.line("acl_access_denied_channel", log.denied(Verdict.Denied.CHANNEL));
    }
}
