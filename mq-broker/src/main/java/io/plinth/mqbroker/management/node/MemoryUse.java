package io.plinth.mqbroker.management.node;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the memory of the process is, under RabbitMQ's names. What it counts of Erlang alone is 0. */
public final class MemoryUse {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryUse.class);
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";

    private static final List<String> NONE = List.of(
            "connection_readers",
            "connection_writers",
            "connection_channels",
            "connection_other",
            "queue_procs",
            "queue_slave_procs",
            "quorum_queue_procs",
            "quorum_queue_dlx_procs",
            "stream_queue_procs",
            "stream_queue_replica_reader_procs",
            "stream_queue_coordinator_procs",
            "plugins",
            "other_proc",
            "metrics",
            "mgmt_db",
            "mnesia",
            "quorum_ets",
            "other_ets");

    private final LongSupplier messages;

    /**
     * Of this process.
     *
     * @param messages how many octets messages take
     */
    public MemoryUse(LongSupplier messages) {
        this.messages = messages;
    }

    /** Octets of the process in memory; those of the JVM's areas where the system does not tell. */
    public static long resident() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(RESIDENT)) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
                }
            }
        } catch (IOException e) {
            LOG.debug("{} cannot be read", STATUS, e);
        }
        return heap().getCommitted() + other().getCommitted();
    }

    private static MemoryUsage heap() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    }

    private static MemoryUsage other() {
        return ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
    }

    private Map<String, Long> parts() {
        Map<String, Long> parts = new LinkedHashMap<>();
        NONE.forEach(name -> parts.put(name, 0L));
        long held = messages.getAsLong();
        parts.put("binary", held);
        parts.put("msg_index", 0L);
        parts.put("code", other().getUsed());
        parts.put("atom", 0L);
        parts.put("other_system", Math.max(0, heap().getUsed() - held));
        parts.put("allocated_unused", heap().getCommitted() - heap().getUsed());
        parts.put("reserved_unallocated", Math.max(0, resident() - heap().getCommitted() - other().getUsed()));
        return parts;
    }

    /** The object {@code memory} of {@code /api/nodes/NAME/memory}, in octets. */
    public Map<String, @Nullable Object> octets() {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>(parts());
        shown.put("strategy", "rss");
        Map<String, @Nullable Object> total = new LinkedHashMap<>();
        total.put("erlang", heap().getUsed() + other().getUsed());
        total.put("rss", resident());
        total.put("allocated", heap().getCommitted() + other().getCommitted());
        shown.put("total", total);
        return shown;
    }

    /** The same in hundredths, each rounded up. */
    public Map<String, @Nullable Object> relative() {
        Map<String, Long> parts = parts();
        long total =
                Math.max(1, parts.values().stream().mapToLong(Long::longValue).sum());
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("total", 100);
        parts.forEach((name, octets) -> shown.put(name, Math.ceilDiv(octets * 100, total)));
        return shown;
    }
}
