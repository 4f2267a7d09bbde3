package io.plinth.kvcache.admin;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.KeyspaceStats;
import java.util.List;
import java.util.function.LongSupplier;

/** What /metrics shows of a node; read when scraped, so that commands count nothing twice. */
public final class NodeMetrics {
    private NodeMetrics() {}

    /** Registers all of them; {@code rows} are what commands are counted by. */
    public static void register(Metrics metrics, NodeState node, LongSupplier droppedMessages, List<String> rows) {
        metrics.registry().register(() -> CommandLatencies.snapshot(node.stats().observations(), rows));
        metrics.registry().register(() -> ExpiryLags.snapshot(node.keyspace()));
        metrics.gauge(
                "kvcache_memory_resident_bytes",
                "Pages the machine gave for records and long strings.",
                () -> node.keyspace().resident());
        metrics.gauge(
                "kvcache_memory_records_bytes",
                "What records and long strings take of these pages.",
                () -> node.keyspace().inRecords());
        metrics.gauge(
                "kvcache_memory_used_bytes",
                "What the keys take.",
                () -> node.keyspace().memory().used());
        metrics.gauge(
                "kvcache_memory_limit_bytes",
                "What the keys may take.",
                () -> node.keyspace().memory().limit());
        metrics.gauge(
                "kvcache_client_memory_bytes",
                "Unfinished requests and queued commands.",
                () -> node.memory().used());
        metrics.gauge(
                "kvcache_keys", "Keys present.", () -> node.keyspace().stats().keys());
        metrics.counter(
                "kvcache_hits_total",
                "Reads that found their key.",
                () -> node.keyspace().stats().hits());
        metrics.counter(
                "kvcache_misses_total",
                "Reads that did not.",
                () -> node.keyspace().stats().misses());
        metrics.gauge(
                "kvcache_hit_ratio",
                "Of the reads so far, how many found their key; NaN before the first.",
                () -> ratio(node.keyspace().stats()));
        metrics.counter(
                "kvcache_expired_total",
                "Keys whose time was over.",
                () -> node.keyspace().stats().expired());
        metrics.counter(
                "kvcache_evicted_total",
                "Keys removed for memory.",
                () -> node.keyspace().stats().evicted());
        metrics.counter(
                "kvcache_commands_total", "Commands.", () -> node.stats().commands());
        metrics.counter(
                "kvcache_errors_total",
                "Error replies.",
                () -> node.stats().errors().all());
        metrics.gauge("kvcache_clients", "Connections.", () -> node.clients().count());
        metrics.counter(
                "kvcache_clients_accepted_total",
                "Connections.",
                () -> node.clients().accepted());
        metrics.counter(
                "kvcache_clients_rejected_total",
                "Connections over max-clients.",
                () -> node.clients().rejected());
        metrics.counter(
                "kvcache_clients_cut_total",
                "Connections cut since they did not take what waited for them.",
                () -> node.clients().buffers().cut());
        metrics.counter(
                "kvcache_publish_dropped_total", "Messages other nodes did not get.", droppedMessages::getAsLong);
    }

    private static double ratio(KeyspaceStats stats) {
        return (double) stats.hits() / (stats.hits() + stats.misses());
    }
}
