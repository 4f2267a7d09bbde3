package io.plinth.mqbroker.management.node;

import com.sun.management.UnixOperatingSystemMXBean;
import io.plinth.mqbroker.history.History;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.Churn;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The numbers of the node itself, under RabbitMQ's names. */
public final class NodeNumbers {
    /** What came and went. */
    public static final List<String> CHURN = List.of(
            "channel_closed",
            "channel_created",
            "connection_closed",
            "connection_created",
            "queue_created",
            "queue_declared",
            "queue_deleted");

    /** All, in the order in which they stand in the history. */
    public static final List<String> NAMES = List.of(
            "mem_used",
            "fd_used",
            "sockets_used",
            "proc_used",
            "disk_free",
            "gc_num",
            "io_read_count",
            "io_read_bytes",
            "io_write_count",
            "io_write_bytes",
            "channel_closed",
            "channel_created",
            "connection_closed",
            "connection_created",
            "queue_created",
            "queue_declared",
            "queue_deleted");

    private static final Logger LOG = LoggerFactory.getLogger(NodeNumbers.class);
    private static final Path IO = Path.of("/proc/self/io");

    private final Broker broker;
    private final LongSupplier memory;
    private final LongSupplier disk;

    /**
     * Of this node.
     *
     * @param memory how much of it is used, and {@code disk} how much of that is free
     */
    public NodeNumbers(Broker broker, LongSupplier memory, LongSupplier disk) {
        this.broker = broker;
        this.memory = memory;
        this.disk = disk;
    }

    /** How many files are open, or may be; -1 where the system does not tell. */
    public static long files(boolean most) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
            return most ? unix.getMaxFileDescriptorCount() : unix.getOpenFileDescriptorCount();
        }
        return -1;
    }

    /** What the process read and wrote, by the system's names; empty where it does not tell. */
    private static Map<String, Long> io() {
        if (!Files.isReadable(IO)) {
            return Map.of();
        }
        try {
            return Files.readAllLines(IO).stream()
                    .map(line -> line.split(": ", 2))
                    .collect(Collectors.toMap(pair -> pair[0], pair -> Long.parseLong(pair[1])));
        } catch (IOException e) {
            LOG.debug("{} cannot be read", IO, e);
            return Map.of();
        }
    }

    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .sum();
    }

    /** The numbers now. */
    public History.Values take(Collection<ConnectionDescription> connections) {
        long open = connections.stream().mapToLong(one -> one.channels().size()).sum();
        Churn churn = broker.vhosts().churn();
        long there = broker.connections().all().size();
        long came = broker.metrics().connectionsCount();
        Map<String, Long> io = io();
        long[] numbers = {
            memory.getAsLong(),
            files(false),
            connections.size(),
            ManagementFactory.getThreadMXBean().getThreadCount(),
            disk.getAsLong(),
            collections(),
            io.getOrDefault("syscr", 0L),
            io.getOrDefault("read_bytes", 0L),
            io.getOrDefault("syscw", 0L),
            io.getOrDefault("write_bytes", 0L),
            Math.max(0, churn.channels() - open),
            churn.channels(),
            Math.max(0, came - there),
            came,
            churn.queuesCreated(),
            churn.queuesDeclared(),
            churn.queuesDeleted()
        };
        return new History.Values(NAMES, numbers);
    }
}
