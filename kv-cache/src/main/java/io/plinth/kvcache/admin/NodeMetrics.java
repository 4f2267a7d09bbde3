package io.plinth.kvcache.admin;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.NodeState;
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
        metrics.gauge(
                "kvcache_hits",
                "Reads that found their key, since the start.",
                () -> node.keyspace().stats().hits());
        metrics.gauge(
                "kvcache_misses",
                "Reads that did not, since the start.",
                () -> node.keyspace().stats().misses());
        metrics.gauge(
                "kvcache_expired",
                "Keys whose time was over, since the start.",
                () -> node.keyspace().stats().expired());
        metrics.gauge(
                "kvcache_evicted",
                "Keys removed for memory, since the start.",
                () -> node.keyspace().stats().evicted());
        metrics.gauge(
                "kvcache_commands",
                "Commands, since the start.",
                () -> node.stats().commands());
        metrics.gauge(
                "kvcache_errors",
                "Error replies, since the start.",
                () -> node.stats().errors().all());
        metrics.gauge("kvcache_clients", "Connections.", () -> node.clients().count());
        metrics.gauge(
                "kvcache_clients_accepted",
                "Connections, since the start.",
                () -> node.clients().accepted());
        metrics.gauge(
                "kvcache_clients_rejected",
                "Connections over max-clients, since the start.",
                () -> node.clients().rejected());
        metrics.gauge(
                "kvcache_publish_dropped",
                "Messages other nodes did not get, since the start.",
                droppedMessages::getAsLong);
    }
}
