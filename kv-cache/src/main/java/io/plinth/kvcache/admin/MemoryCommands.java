package io.plinth.kvcache.admin;

import io.plinth.kvcache.admin.info.KeySums;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.wire.Doubles;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** MEMORY: what keys take, and what the machine gave for them. */
final class MemoryCommands {
    private MemoryCommands() {}

    static void run(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "USAGE" -> usage(call);
            case "STATS" -> stats(call);
            case "DOCTOR" -> call.out().verbatim(report(call.keyspace()));
            case "MALLOC-STATS" -> call.out().verbatim("Stats not supported for the current allocator");
            case "PURGE" -> {
                call.keyspace().purge();
                call.out().ok();
            }
            default -> Help.write(call);
        }
    }

    /** What the key is accounted with, which is exact without samples. */
    private static void usage(Call call) {
        for (int i = 3; i < call.count(); i += 2) {
            if (!call.args().is(i, "SAMPLES") || i + 1 == call.count() || call.integer(i + 1) < 0) {
                throw CommandException.syntax();
            }
        }
        KeyRef key = call.key(2);
        Entry entry = call.segment(key).peek(key, call.now());
        if (entry == null) {
            call.out().nullBulk();
        } else {
            call.out().integer(entry.bytes());
        }
    }

    private static void stats(Call call) {
        Keyspace keyspace = call.keyspace();
        long used = keyspace.stats().bytes();
        long clients = call.node().memory().used();
        long total = used + clients;
        long peak = Math.max(total, call.node().stats().peakBytes(used));
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("peak.allocated", peak);
        shown.put("total.allocated", total);
        shown.put("startup.allocated", 0L);
        shown.put("replication.backlog", 0L);
        shown.put("clients.slaves", 0L);
        shown.put("clients.normal", clients);
        shown.put("cluster.links", 0L);
        shown.put("aof.buffer", 0L);
        shown.put("lua.caches", 0L);
        shown.put("functions.caches", 0L);
        KeySums sums = new KeySums(keyspace);
        long keys = 0;
        long overhead = clients;
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            long count = sums.keys(db);
            if (count > 0) {
                long table = count * Keyspace.KEY_SHARE;
                long expires = sums.expiring(db) * Keyspace.EXPIRY_SHARE;
                Map<String, Object> own = new LinkedHashMap<>();
                own.put("overhead.hashtable.main", table);
                own.put("overhead.hashtable.expires", expires);
                own.put("overhead.hashtable.slot-to-keys", 0L);
                shown.put("db." + db, own);
                keys += count;
                overhead += table + expires;
            }
        }
        long dataset = Math.max(0, total - overhead);
        shown.put("overhead.total", overhead);
        shown.put("keys.count", keys);
        shown.put("keys.bytes-per-key", keys == 0 ? 0 : used / keys);
        shown.put("dataset.bytes", dataset);
        shown.put("dataset.percentage", total == 0 ? 0.0 : 100.0 * dataset / total);
        shown.put("peak.percentage", peak == 0 ? 100.0 : 100.0 * total / peak);
        allocator(keyspace, total, shown);
        write(call, shown);
    }

    private static void allocator(Keyspace keyspace, long total, Map<String, Object> shown) {
        long records = keyspace.inRecords();
        long pages = keyspace.inPages();
        long resident = keyspace.resident();
        long rss = ProcessMemory.resident(resident);
        shown.put("allocator.allocated", records);
        shown.put("allocator.active", pages);
        shown.put("allocator.resident", resident);
        shown.put("allocator-fragmentation.ratio", ratio(pages, records));
        shown.put("allocator-fragmentation.bytes", pages - records);
        shown.put("allocator-rss.ratio", ratio(resident, pages));
        shown.put("allocator-rss.bytes", resident - pages);
        shown.put("rss-overhead.ratio", ratio(rss, resident));
        shown.put("rss-overhead.bytes", rss - resident);
        shown.put("fragmentation", ratio(total + resident - records, total));
        shown.put("fragmentation.bytes", resident - records);
    }

    private static double ratio(long taken, long of) {
        return of <= 0 ? 1 : (double) taken / of;
    }

    private static void write(Call call, Map<String, Object> shown) {
        call.out().map(shown.size());
        shown.forEach((name, value) -> {
            call.out().bulk(name);
            switch (value) {
                case Long number -> call.out().integer(number);
                case Double number -> call.out().number(Doubles.text(number));
                case Map<?, ?> inner -> {
                    call.out().map(inner.size());
                    inner.forEach((key, number) -> {
                        call.out().bulk(String.valueOf(key));
                        call.out().integer((Long) number);
                    });
                }
                default -> throw new IllegalStateException(name + ": " + value);
            }
        });
    }

    private static String report(Keyspace keyspace) {
        long used = keyspace.stats().bytes();
        long limit = keyspace.memory().limit();
        long spare = keyspace.inPages() - keyspace.inRecords();
        StringBuilder text = new StringBuilder();
        if (limit != Long.MAX_VALUE && used > limit / 100 * 95) {
            text.append("The keys take what they may; what is written evicts, or is refused under noeviction.\n");
        }
        if (spare > keyspace.inRecords() / 4 + (16 << 20)) {
            text.append("A quarter of the records' pages is unused; records are being moved together.\n");
        }
        return text.isEmpty() ? "No problem of memory is known.\n" : text.toString();
    }
}
