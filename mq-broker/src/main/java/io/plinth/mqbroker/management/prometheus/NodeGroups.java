package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.stats.Counts.Kind;
import io.plinth.mqbroker.stats.QueueReport;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What is told of the node as a whole. RabbitMQ's numbers of Erlang that have a like here are that: threads are its processes. */
final class NodeGroups {
    private static final double MILLIS = 1000;

    /** What RabbitMQ counts of all queues and clients together. */
    private static final Map<String, Kind> GLOBAL = Map.ofEntries(
            Map.entry("received", Kind.PUBLISH),
            Map.entry("confirmed", Kind.CONFIRM),
            Map.entry("unroutable_dropped", Kind.DROP_UNROUTABLE),
            Map.entry("unroutable_returned", Kind.RETURN_UNROUTABLE),
            Map.entry("delivered_consume_manual_ack", Kind.DELIVER),
            Map.entry("delivered_consume_auto_ack", Kind.DELIVER_NO_ACK),
            Map.entry("delivered_get_manual_ack", Kind.GET),
            Map.entry("delivered_get_auto_ack", Kind.GET_NO_ACK),
            Map.entry("get_empty", Kind.GET_EMPTY),
            Map.entry("redelivered", Kind.REDELIVER),
            Map.entry("acknowledged", Kind.ACK));

    private NodeGroups() {}

    private static Group<View> group(String name, List<Family<View>> families) {
        return new Group<>(name, List.of(), view -> List.of(), Stream::of, families);
    }

    private static Family<View> number(String name, String help, String of) {
        int at = NodeNumbers.NAMES.indexOf(of);
        return Family.of(name, help, view -> Math.max(0, view.snapshot().node().numbers()[at]));
    }

    private static Family<View> limit(String name, String help, LongSupplier value) {
        return Family.of(name, help, view -> (double) value.getAsLong());
    }

    static List<Group<?>> all(NodeLimits limits) {
        List<Group<?>> all = new ArrayList<>();
        all.add(group(
                "connection_churn_metrics",
                List.of(
                        number("connections_opened_total", "Connections opened", "connection_created"),
                        number("connections_closed_total", "Connections closed", "connection_closed"),
                        number("channels_opened_total", "Channels opened", "channel_created"),
                        number("channels_closed_total", "Channels closed", "channel_closed"),
                        number("queues_declared_total", "Declares of queues", "queue_declared"),
                        number("queues_created_total", "Queues made", "queue_created"),
                        number("queues_deleted_total", "Queues deleted", "queue_deleted"))));
        all.add(group(
                "node_coarse_metrics",
                List.of(
                        number("process_open_fds", "Open file descriptors", "fd_used"),
                        number("process_open_tcp_sockets", "Connections of clients", "sockets_used"),
                        number(
                                "process_resident_memory_bytes",
                                "Octets that messages take, of which publishers are blocked past the limit",
                                "mem_used"),
                        number(
                                "disk_space_available_bytes",
                                "Free space of the data folder's file system",
                                "disk_free"),
                        number("erlang_processes_used", "Threads", "proc_used"),
                        number("erlang_gc_runs_total", "Garbage collections", "gc_num"))));
        all.add(group(
                "node_metrics",
                List.of(
                        limit("process_max_fds", "Limit of file descriptors", () -> NodeNumbers.files(true)),
                        limit("process_max_tcp_sockets", "Limit of file descriptors", () -> NodeNumbers.files(true)),
                        limit(
                                "resident_memory_limit_bytes",
                                "Octets of messages past which publishers are blocked",
                                limits.memory()),
                        limit(
                                "disk_space_available_limit_bytes",
                                "Free space below which publishers are blocked",
                                limits.disk()),
                        Family.of(
                                "erlang_uptime_seconds",
                                "How long the node has run",
                                view -> ManagementFactory.getRuntimeMXBean().getUptime() / MILLIS))));
        all.add(group(
                "node_persister_metrics",
                List.of(
                        number("io_read_ops_total", "Calls of the system that read, sockets' too", "io_read_count"),
                        number("io_read_bytes_total", "Octets read from disks", "io_read_bytes"),
                        number("io_write_ops_total", "Calls of the system that write, sockets' too", "io_write_count"),
                        number("io_write_bytes_total", "Octets written to disks", "io_write_bytes"))));
        return all;
    }

    private static Family<Map.Entry<View, Attempts.Protocol>> attempts(
            String name, String help, ToDoubleFunction<Attempts.Count> value) {
        return Family.of(
                "auth_attempts" + name + "_total",
                help,
                of -> value.applyAsDouble(
                        of.getKey().broker().access().attempts().of(of.getValue())));
    }

    /** How often somebody tried to log in. */
    static Group<?> logins() {
        return new Group<Map.Entry<View, Attempts.Protocol>>(
                "auth_attempt_metrics",
                List.of("protocol"),
                of -> List.of(of.getValue().text()),
                view -> Stream.of(Attempts.Protocol.values()).map(protocol -> Map.entry(view, protocol)),
                List.of(
                        attempts("", "Attempts to log in", Attempts.Count::all),
                        attempts("_succeeded", "Those of them that succeeded", Attempts.Count::succeeded),
                        attempts("_failed", "Those of them that failed", Attempts.Count::failed)));
    }

    /** On every page but {@code /metrics/detailed}. */
    static List<Group<?>> totals() {
        List<Group<?>> all = new ArrayList<>();
        all.add(group(
                "totals",
                List.of(
                        total(
                                "connections",
                                "Open connections",
                                view -> view.snapshot().connections().size()),
                        total(
                                "channels",
                                "Open channels",
                                view -> view.snapshot().connections().values().stream()
                                        .mapToInt(connection ->
                                                connection.channels().size())
                                        .sum()),
                        total("consumers", "Consumers", NodeGroups::consumers),
                        total(
                                "queues",
                                "Declared queues",
                                view -> view.broker().vhosts().queueCount()),
                        alarm("memory_used_watermark", Alarms.Reason.MEMORY),
                        alarm("free_disk_space_watermark", Alarms.Reason.DISK),
                        total("alarms_file_descriptor_limit", "Never", view -> 0))));
        List<Family<View>> global = new ArrayList<>();
        GLOBAL.forEach((name, kind) ->
                global.add(total("global_messages_" + name + "_total", "Of all queues since the start", view ->
                        (double) view.snapshot().totals().get(kind))));
        global.add(total("global_messages_routed_total", "Messages handed to queues", view ->
                (double) view.snapshot().routed().out()));
        global.add(total("global_consumers", "Consumers", NodeGroups::consumers));
        all.add(new Group<>("global", List.of("protocol"), view -> List.of("amqp091"), Stream::of, global));
        return all;
    }

    private static Family<View> total(String name, String help, ToDoubleFunction<View> value) {
        return Family.of(name, help, value);
    }

    private static Family<View> alarm(String name, Alarms.Reason reason) {
        return total(
                "alarms_" + name,
                "1 while publishers are blocked for it",
                view -> view.broker().alarms().is(reason) ? 1 : 0);
    }

    private static double consumers(View view) {
        return view.snapshot().queues().values().stream()
                .map(QueueReport::consumers)
                .mapToInt(List::size)
                .sum();
    }

    /** Where the memory of the process is, as far as it is known, under the names that fit. */
    static List<Group<?>> memory() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        return List.of(group(
                "node_memory",
                List.of(
                        number("memory_binary_heap_bytes", "Octets that messages take", "mem_used"),
                        limit(
                                "memory_other_system_bytes",
                                "The Java heap that is used",
                                () -> memory.getHeapMemoryUsage().getUsed()),
                        limit(
                                "memory_runtime_allocated_unused_bytes",
                                "The Java heap that is not used",
                                () -> memory.getHeapMemoryUsage().getCommitted()
                                        - memory.getHeapMemoryUsage().getUsed()),
                        limit(
                                "memory_code_module_bytes",
                                "Classes and compiled code",
                                () -> memory.getNonHeapMemoryUsage().getUsed()))));
    }
}
