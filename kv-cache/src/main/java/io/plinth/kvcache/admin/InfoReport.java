package io.plinth.kvcache.admin;

import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.ConnectionCommands;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.KeyspaceStats;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.replica.Replication;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** INFO: the lines that clients, exporters and people read. */
public final class InfoReport {
    private static final List<String> SECTIONS = List.of(
            "server",
            "clients",
            "memory",
            "persistence",
            "stats",
            "replication",
            "cpu",
            "commandstats",
            "errorstats",
            "latencystats",
            "cluster",
            "keyspace");
    private static final Set<String> ALL = Set.of("all", "everything");
    private static final Set<String> ONLY_IN_ALL = Set.of("commandstats", "latencystats");

    private final Supplier<NodeFacts> facts;
    private final Supplier<@Nullable Persistence> persistence;
    private final Supplier<@Nullable Replication> replication;

    public InfoReport(Supplier<NodeFacts> facts) {
        this(facts, () -> null, () -> null);
    }

    /** Also tells of journal and snapshots, and whom the node follows. */
    public InfoReport(
            Supplier<NodeFacts> facts,
            Supplier<@Nullable Persistence> persistence,
            Supplier<@Nullable Replication> replication) {
        this.facts = facts;
        this.persistence = persistence;
        this.replication = replication;
    }

    void write(Call call) {
        Set<String> wanted = new TreeSet<>();
        for (int i = 1; i < call.count(); i++) {
            wanted.add(call.text(i).toLowerCase(Locale.ROOT));
        }
        boolean all = wanted.stream().anyMatch(ALL::contains);
        boolean standard = wanted.isEmpty() || wanted.contains("default");
        Text text = new Text();
        for (String section : SECTIONS) {
            if (all || wanted.contains(section) || (standard && !ONLY_IN_ALL.contains(section))) {
                section(section, call, text);
            }
        }
        call.out().verbatim(text.toString());
    }

    private void section(String section, Call call, Text text) {
        NodeState node = call.node();
        switch (section) {
            case "server" -> server(call, text);
            case "clients" -> {
                text.section("Clients");
                text.line("connected_clients", node.clients().count());
                text.line("maxclients", node.clients().limit());
                text.line("client_memory", node.memory().used());
                text.line(
                        "blocked_clients",
                        node.clients().all().stream()
                                .filter(client -> client.blocked() != null)
                                .count());
                text.line("tracking_clients", node.tracking().clients());
            }
            case "memory" -> memory(node, text);
            case "persistence" -> {
                text.section("Persistence");
                text.line("loading", node.settings().loading() ? 1 : 0);
                text.line("async_loading", 0);
                PersistenceFacts.lines(persistence.get()).forEach(text::line);
            }
            case "stats" -> stats(node, text);
            case "replication" -> {
                text.section("Replication");
                Replication known = replication.get();
                Map<String, Object> followed = known == null ? Map.of() : known.lines();
                text.line("role", followed.isEmpty() ? "master" : "slave");
                followed.forEach(text::line);
                text.line("connected_slaves", 0);
                text.line("master_failover_state", "no-failover");
                text.line("master_replid", facts.get().runId());
                text.line("master_repl_offset", 0);
            }
            case "cpu" -> text.section("CPU");
            case "cluster" -> {
                text.section("Cluster");
                text.line("cluster_enabled", node.topology().get().clustered() ? 1 : 0);
            }
            case "commandstats" -> {
                text.section("Commandstats");
                CommandReport.commands(call, text::line);
            }
            case "errorstats" -> {
                text.section("Errorstats");
                CommandReport.errors(call, text::line);
            }
            case "latencystats" -> {
                text.section("Latencystats");
                CommandReport.latencies(call, text::line);
            }
            default -> keyspace(call, text);
        }
    }

    private void server(Call call, Text text) {
        NodeFacts known = facts.get();
        Topology topology = call.node().topology().get();
        long seconds = (call.now() - known.startMillis()) / 1000;
        text.section("Server");
        text.line("redis_version", ConnectionCommands.REDIS_VERSION);
        text.line("server_name", "plinth-kv-cache");
        text.line("plinth_version", known.version());
        text.line("plinth_node", known.name());
        text.line("redis_mode", topology.clustered() ? "cluster" : "standalone");
        text.line(
                "os",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        text.line("arch_bits", 64);
        text.line("multiplexing_api", known.transport());
        text.line("process_id", ProcessHandle.current().pid());
        text.line("run_id", known.runId());
        text.line("tcp_port", known.port());
        text.line("server_time_usec", call.now() * 1000);
        text.line("uptime_in_seconds", seconds);
        text.line("uptime_in_days", seconds / 86_400);
        text.line("hz", 20);
        text.line("io_threads_active", known.loops() > 1 ? 1 : 0);
    }

    private static void memory(NodeState node, Text text) {
        Keyspace keyspace = node.keyspace();
        long limit = keyspace.memory().limit() == Long.MAX_VALUE
                ? 0
                : keyspace.memory().limit();
        long used = keyspace.stats().bytes();
        text.section("Memory");
        text.line("used_memory", used);
        text.line("used_memory_human", human(used));
        text.line("used_memory_rss", ProcessMemory.resident(keyspace.resident()));
        text.line("used_memory_peak", node.stats().peakBytes(used));
        text.line("used_memory_dataset", used);
        text.line("total_system_memory", Runtime.getRuntime().maxMemory());
        text.line("maxmemory", limit);
        text.line("maxmemory_human", human(limit));
        text.line("maxmemory_policy", node.settings().policy());
        long records = keyspace.inRecords();
        long resident = keyspace.resident();
        text.line("allocator_allocated", records);
        text.line("allocator_resident", resident);
        text.line(
                "mem_fragmentation_ratio", String.format(Locale.ROOT, "%.2f", ratio(used + resident - records, used)));
        text.line("mem_fragmentation_bytes", resident - records);
        text.line("mem_allocator", "jvm");
    }

    /** What is taken of the machine over what keys take. */
    private static double ratio(long taken, long used) {
        return used <= 0 ? 1 : (double) taken / used;
    }

    private static String human(long bytes) {
        String units = "BKMGTP";
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length() - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + "B" : String.format(Locale.ROOT, "%.2f%c", value, units.charAt(unit));
    }

    private static void stats(NodeState node, Text text) {
        KeyspaceStats stats = node.keyspace().stats();
        text.section("Stats");
        text.line("total_connections_received", node.clients().accepted());
        text.line("total_commands_processed", node.stats().commands());
        text.line("instantaneous_ops_per_sec", node.stats().perSecond());
        text.line("rejected_connections", node.clients().rejected());
        text.line("expired_keys", stats.expired());
        text.line("evicted_keys", stats.evicted());
        text.line("keyspace_hits", stats.hits());
        text.line("keyspace_misses", stats.misses());
        text.line("pubsub_channels", node.pubSub().channels().size());
        text.line("pubsub_patterns", node.pubSub().patterns());
        text.line("pubsubshard_channels", node.pubSub().shardChannels().size());
        text.line("latest_fork_usec", 0);
        text.line("tracking_total_keys", node.tracking().keys());
        text.line("tracking_total_items", node.tracking().items());
        text.line("tracking_total_prefixes", node.tracking().prefixes());
        text.line("total_error_replies", node.stats().errors().all());
    }

    private static void keyspace(Call call, Text text) {
        Keyspace keyspace = call.keyspace();
        text.section("Keyspace");
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            long keys = keyspace.keys(db);
            if (keys > 0) {
                long ttl = keyspace.averageTtl(db, call.now(), call.node().random());
                text.line("db" + db, "keys=" + keys + ",expires=" + keyspace.expiring(db) + ",avg_ttl=" + ttl);
            }
        }
    }

    /** Lines as INFO has them. */
    private static final class Text {
        private final StringBuilder text = new StringBuilder();

        void section(String name) {
            text.append(text.isEmpty() ? "# " : "\r\n# ").append(name).append("\r\n");
        }

        void line(String name, Object value) {
            text.append(name).append(':').append(value).append("\r\n");
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
