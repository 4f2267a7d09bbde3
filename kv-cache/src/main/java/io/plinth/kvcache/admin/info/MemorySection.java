package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.admin.ProcessMemory;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.journal.Journal;
import io.plinth.kvcache.script.Scripts;

/** INFO memory: what keys, and long strings on their way to or from them, are accounted with is what is used; scripts lie on the heap and are not part of it. */
final class MemorySection {
    private MemorySection() {}

    static void write(InfoSources sources, NodeState node, KeySums sums, InfoText text) {
        Keyspace keyspace = node.keyspace();
        long used = keyspace.stats().bytes() + keyspace.memory().passing();
        long peak = node.stats().peakBytes(used);
        long overhead = Math.min(sums.overhead(), used);
        long records = keyspace.inRecords();
        long pages = keyspace.inPages();
        long resident = keyspace.resident();
        long rss = ProcessMemory.resident(resident);
        text.section("Memory");
        text.bytes("used_memory", used);
        text.bytes("used_memory_rss", rss);
        text.bytes("used_memory_peak", peak);
        text.percent("used_memory_peak_perc", used, peak);
        text.line("used_memory_overhead", overhead);
        text.line("used_memory_startup", 0);
        text.line("used_memory_dataset", used - overhead);
        text.percent("used_memory_dataset_perc", used - overhead, used);
        text.line("allocator_allocated", records);
        text.line("allocator_active", pages);
        text.line("allocator_resident", resident);
        text.bytes("resident_bound", sources.resident().bytes());
        sources.resident().parts().forEach((part, bytes) -> text.line("resident_bound_" + part, bytes));
        text.line("keys_on_heap", Math.max(0, used - records));
        text.line("keys_on_heap_limit", keyspace.memory().onHeap());
        text.bytes("total_system_memory", ProcessMemory.machine());
        scripts(sources.scripts(), text);
        long limit = keyspace.memory().limit() == Long.MAX_VALUE
                ? 0
                : keyspace.memory().limit();
        text.bytes("maxmemory", limit);
        text.line("maxmemory_policy", node.settings().policy());
        text.ratio("allocator_frag_ratio", over(pages, records));
        text.line("allocator_frag_bytes", pages - records);
        text.ratio("allocator_rss_ratio", over(resident, pages));
        text.line("allocator_rss_bytes", resident - pages);
        text.ratio("rss_overhead_ratio", over(rss, resident));
        text.line("rss_overhead_bytes", rss - resident);
        // What is taken of the machine for keys over what keys take; the rest of the process is rss_overhead.
        text.ratio("mem_fragmentation_ratio", over(used + resident - records, used));
        text.line("mem_fragmentation_bytes", resident - records);
        Persistence persistence = sources.persistence().get();
        Journal journal = persistence == null ? null : persistence.journal();
        long waiting = journal == null ? 0 : journal.waiting();
        text.line("mem_not_counted_for_evict", waiting);
        text.zeros("mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves");
        text.line("mem_clients_normal", node.memory().used());
        text.line("mem_cluster_links", 0);
        text.line("mem_aof_buffer", waiting);
        text.line("mem_allocator", "jvm");
        text.zeros("active_defrag_running", "lazyfree_pending_objects", "lazyfreed_objects");
    }

    private static void scripts(Scripts scripts, InfoText text) {
        long evaluated = scripts.bytes();
        long functions =
                scripts.libraryCodes().stream().mapToLong(code -> code.length).sum();
        text.line("used_memory_lua", 0);
        text.line("used_memory_vm_eval", 0);
        text.line("used_memory_lua_human", InfoText.human(0));
        text.line("used_memory_scripts_eval", evaluated);
        text.line("number_of_cached_scripts", scripts.count());
        text.line("number_of_functions", scripts.functions());
        text.line("number_of_libraries", scripts.libraryCodes().size());
        text.line("used_memory_vm_functions", 0);
        text.bytes("used_memory_vm_total", 0);
        text.line("used_memory_functions", functions);
        text.bytes("used_memory_scripts", evaluated + functions);
    }

    private static double over(long taken, long of) {
        return of <= 0 ? 1 : (double) taken / of;
    }
}
