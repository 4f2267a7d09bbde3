package io.plinth.kvcache.admin.process;

import com.sun.management.OperatingSystemMXBean;
import io.netty.util.internal.PlatformDependent;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.metrics.Metrics;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this process takes of the machine at most, known when it starts. Immutable.
 *
 * @param parts bytes by what takes them
 * @param machine bytes that the machine has, or the container the process is in
 */
public record ResidentBound(Map<String, Long> parts, long machine) {
    private static final Logger LOG = LoggerFactory.getLogger(ResidentBound.class);
    private static final long MIB = 1 << 20;
    /** Connections, code's own objects and the collector's room for what lives shortly. */
    private static final long BASE = 96 * MIB;
    /** A key that is remembered for clients' caches, and who read it. */
    private static final long TRACKED_KEY = 100;
    /** Pages that are open of each size of records, and large ones that are begun. */
    private static final long OPEN_PAGES = 16 * MIB;
    /** Programs and their libraries, stacks of threads, what the compilers work with. */
    private static final long PROGRAM = 128 * MIB;
    /** Of the heap, one in so many for the collector's tables. */
    private static final int TABLES = 16;
    /** Classes, where the JVM was given no bound. */
    private static final long CLASSES = 160 * MIB;
    /** Of the journal, what is mapped of the segment that is written and of the one before. */
    private static final long MAPPED = 128 * MIB;
    /** RocksDB's cache, its buffers of writes and its log's. */
    private static final long ROCKS = 64 * MIB;

    public ResidentBound {
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /**
     * What the file allows, in bytes.
     *
     * @param memory all keys
     * @param requests unfinished requests of clients
     * @param scripts the values of a script that runs
     * @param trackedKeys how many keys are remembered for clients' caches
     * @param journal what may wait for the journal; 0 without one
     * @param copies what is held of keys that change while a file of all keys is made
     * @param behind whether writes may wait in RocksDB
     */
    public record Given(
            long memory, long requests, long scripts, int trackedKeys, long journal, long copies, boolean behind) {
        /**
         * What of the keys may lie on the heap: the tables they, and the elements of large collections, are found by, what says where parts of
         * streams are, and keys of more than 254 bytes.
         */
        private long onHeap() {
            return memory / 3 * 2;
        }

        private long besideKeys() {
            return requests + scripts + trackedKeys * TRACKED_KEY + 2 * journal + copies + BASE;
        }

        /** The heap that is enough for it: keys with a third on top for the collector, and what clients may take. */
        public long heap() {
            return onHeap() + onHeap() / 3 + besideKeys();
        }

        /** What of the keys may lie on a heap of this size; where it is smaller than it should be at least a quarter of it. */
        public long onHeap(long heap) {
            return Math.min(onHeap(), Math.max((heap - besideKeys()) / 4 * 3, heap / 4));
        }
    }

    /** Of this process. */
    public static ResidentBound of(Given given) {
        long heap = Runtime.getRuntime().maxMemory();
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("keys", given.memory + (given.memory >> 3) + OPEN_PAGES);
        parts.put("heap", heap);
        parts.put("buffers", PlatformDependent.maxDirectMemory());
        parts.put("code", code());
        parts.put("program", PROGRAM + heap / TABLES);
        parts.put("disk", (given.journal == 0 ? 0 : MAPPED) + (given.behind ? ROCKS : 0));
        return new ResidentBound(parts, machineBytes());
    }

    private static long code() {
        long sum = 0;
        long classes = CLASSES;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            long most = pool.getUsage().getMax();
            if (pool.getName().equals("Metaspace")) {
                classes = most < 0 ? classes : most;
            } else if (pool.getType() == MemoryType.NON_HEAP && pool.getName().startsWith("Code")) {
                sum += Math.max(0, most);
            }
        }
        return sum + classes;
    }

    private static long machineBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean known
                ? known.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    /** All of it. */
    public long bytes() {
        return parts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** A node with so much memory for keys alone cannot be where there is less. */
    public void check(StackFile file, long memory) throws ConfigException {
        if (memory > machine) {
            String text = "kv-cache.memory: " + mebibytes(memory)
                    + " (expected: less than the machine, or the container," + " has: " + mebibytes(machine) + ")";
            throw new ConfigException(List.of(new Problem(file.path().toString(), 1, 1, text)));
        }
    }

    /** Says it in the log, and on /metrics. */
    public void tell(String node, Metrics metrics) {
        register(metrics);
        String sum = parts.entrySet().stream()
                .map(part -> part.getKey() + " " + mebibytes(part.getValue()))
                .collect(Collectors.joining(", "));
        LOG.info("{} takes at most {} of memory: {}", node, mebibytes(bytes()), sum);
        if (bytes() > machine) {
            LOG.warn(
                    "{} may take {} of memory, and the machine, or the container, has {}: the system may end it when"
                            + " it is full (expected: a smaller kv-cache.memory, limits.client-memory or"
                            + " limits.output-buffer)",
                    node,
                    mebibytes(bytes()),
                    mebibytes(machine));
        }
    }

    private static String mebibytes(long bytes) {
        return (bytes + MIB - 1) / MIB + "MiB";
    }

    private void register(Metrics metrics) {
        metrics.gauge("kvcache_resident_bound_bytes", "What the process takes of the machine at most.", this::bytes);
        parts.forEach((part, bytes) -> metrics.gauge(
                "kvcache_resident_bound_" + part + "_bytes",
                "Of kvcache_resident_bound_bytes: " + part + ".",
                () -> bytes));
    }
}
