package io.plinth.kit.metrics;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.buffer.PooledByteBufAllocator;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.List;

/** What a JVM is asked first: memory, collections, threads, descriptors, CPU. Read when scraped. */
public final class JvmMetrics {
    private JvmMetrics() {}

    /** Registers all of it. */
    public static void register(Metrics metrics) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        metrics.gauge(
                "jvm_heap_used_bytes",
                "Heap in use.",
                () -> memory.getHeapMemoryUsage().getUsed());
        metrics.gauge(
                "jvm_heap_max_bytes",
                "Heap limit.",
                () -> memory.getHeapMemoryUsage().getMax());
        metrics.gauge(
                "jvm_nonheap_used_bytes",
                "Metaspace and code in use.",
                () -> memory.getNonHeapMemoryUsage().getUsed());
        metrics.gauge(
                "netty_direct_used_bytes",
                "Direct memory in the buffer pool.",
                () -> PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory());
        metrics.gauge(
                "jvm_threads",
                "Live threads.",
                () -> ManagementFactory.getThreadMXBean().getThreadCount());
        metrics.gauge(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970.",
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1000.0);
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
            metrics.gauge("process_open_fds", "Open descriptors.", unix::getOpenFileDescriptorCount);
            metrics.gauge("process_max_fds", "Limit of open descriptors.", unix::getMaxFileDescriptorCount);
            CounterWithCallback.builder()
                    .name("process_cpu_seconds_total")
                    .help("User and system time.")
                    .callback(callback -> callback.call(unix.getProcessCpuTime() / 1e9))
                    .register(metrics.registry());
        }
        collections(metrics);
    }

    private static void collections(Metrics metrics) {
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        CounterWithCallback.builder()
                .name("jvm_gc_seconds_total")
                .help("Time in collections.")
                .labelNames("gc")
                .callback(callback -> collectors.forEach(
                        gc -> callback.call(Math.max(0, gc.getCollectionTime()) / 1000.0, gc.getName())))
                .register(metrics.registry());
        CounterWithCallback.builder()
                .name("jvm_gc_collections_total")
                .help("Collections.")
                .labelNames("gc")
                .callback(callback -> collectors.forEach(
                        gc -> callback.call((double) Math.max(0, gc.getCollectionCount()), gc.getName())))
                .register(metrics.registry());
    }
}
