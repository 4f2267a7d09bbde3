package io.plinth.kvcache.memcached;

import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.KeyspaceStats;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.memory.KeyTable;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * Owned by one connection: {@code stats} and its kin, with memcached 1.6.18's names in its order. What has no counterpart here (slabs,
 * the threads that keep its LRU) is told as by a memcached that has none of it: 0.
 */
final class StatsReport {
    /** The one class of items. */
    private static final String CLASS = "1";
    /** What {@code stats cachedump} may answer, as in memcached. */
    private static final int DUMPED = 2 << 20;

    private static final int ITEM = 64;

    private final Store store;
    private final Statistics statistics;
    private final Replies out;

    StatsReport(Store store, Statistics statistics, Replies out) {
        this.store = store;
        this.statistics = statistics;
        this.out = out;
    }

    /** Answers the line. */
    void write(Line line) {
        switch (line.count() > 1 ? line.word(1) : "") {
            case "" -> general();
            case "items" -> items();
            case "slabs" -> slabs();
            case "settings" -> settings();
            case "sizes" -> {
                stat("sizes_status", "disabled");
                out.line("END");
            }
            case "conns" -> connections();
            case "cachedump" -> dump(line);
            case "reset" -> {
                statistics.reset();
                out.line("RESET");
            }
            default -> out.line(Replies.ERROR);
        }
    }

    private void general() {
        NodeState node = store.node();
        long now = node.clock().millis();
        stat("pid", ProcessHandle.current().pid());
        stat("uptime", (now - statistics.startMillis()) / 1000);
        stat("time", now / 1000);
        stat("version", Statistics.VERSION);
        stat("libevent", "none");
        stat("pointer_size", 64);
        stat("rusage_user", seconds());
        stat("rusage_system", "0.000000");
        stat("max_connections", node.clients().limit());
        stat("curr_connections", statistics.connections());
        stat("total_connections", statistics.total());
        stat("rejected_connections", statistics.rejected());
        stat("connection_structures", statistics.connections());
        zeros("response_obj_oom", "response_obj_count", "response_obj_bytes", "read_buf_count");
        stat("read_buf_bytes", node.memory().used());
        zeros("read_buf_bytes_free", "read_buf_oom", "reserved_fds");
        stat("cmd_get", statistics.sum(Count.GET_HITS) + statistics.sum(Count.GET_MISSES));
        counts(Count.CMD_SET, Count.CMD_FLUSH, Count.CMD_TOUCH, Count.CMD_META, Count.GET_HITS, Count.GET_MISSES);
        zeros("get_expired", "get_flushed");
        counts(Count.DELETE_MISSES, Count.DELETE_HITS, Count.INCR_MISSES, Count.INCR_HITS);
        counts(Count.DECR_MISSES, Count.DECR_HITS, Count.CAS_MISSES, Count.CAS_HITS, Count.CAS_BADVAL);
        counts(Count.TOUCH_HITS, Count.TOUCH_MISSES);
        zeros("store_too_large");
        counts(Count.STORE_NO_MEMORY, Count.AUTH_CMDS, Count.AUTH_ERRORS, Count.BYTES_READ, Count.BYTES_WRITTEN);
        memory(node, node.keyspace().stats());
        out.line("END");
    }

    private void memory(NodeState node, KeyspaceStats keys) {
        stat("limit_maxbytes", node.keyspace().memory().limit());
        stat("accepting_conns", 1);
        zeros("listen_disabled_num", "time_in_listen_disabled_us");
        stat("threads", statistics.threads());
        zeros("conn_yields", "hash_power_level", "hash_bytes", "hash_is_expanding");
        zeros("slab_reassign_rescues", "slab_reassign_chunk_rescues", "slab_reassign_evictions_nomem");
        zeros("slab_reassign_inline_reclaim", "slab_reassign_busy_items", "slab_reassign_busy_deletes");
        zeros("slab_reassign_running", "slabs_moved", "lru_crawler_running", "lru_crawler_starts");
        zeros("lru_maintainer_juggles", "malloc_fails", "log_worker_dropped", "log_worker_written");
        zeros("log_watcher_skipped", "log_watcher_sent", "log_watchers", "unexpected_napi_ids", "round_robin_fallback");
        stat("bytes", keys.bytes());
        stat("curr_items", node.keyspace().keys(0));
        stat("total_items", statistics.sum(Count.TOTAL_ITEMS));
        zeros("slab_global_page_pool", "expired_unfetched", "evicted_unfetched", "evicted_active");
        stat("evictions", keys.evicted());
        stat("reclaimed", keys.expired());
        zeros("crawler_reclaimed", "crawler_items_checked", "lrutail_reflocked", "moves_to_cold", "moves_to_warm");
        zeros("moves_within_lru", "direct_reclaims", "lru_bumps_dropped");
    }

    /** Processor time; the machine does not tell user's and system's apart here. */
    private static String seconds() {
        long nanos = ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(Duration::toNanos)
                .orElse(0L);
        return String.format(Locale.ROOT, "%.6f", nanos / 1e9);
    }

    private void items() {
        Keyspace keyspace = store.node().keyspace();
        KeyspaceStats keys = keyspace.stats();
        if (keyspace.keys(0) > 0) {
            item("number", keyspace.keys(0));
            item("number_hot", 0);
            item("number_warm", 0);
            item("number_cold", keyspace.keys(0));
            item("age_hot", 0);
            item("age_warm", 0);
            item("age", 0);
            item("mem_requested", keys.bytes());
            item("evicted", keys.evicted());
            item("evicted_nonzero", 0);
            item("evicted_time", 0);
            item("outofmemory", statistics.sum(Count.STORE_NO_MEMORY));
            item("tailrepairs", 0);
            item("reclaimed", keys.expired());
            for (String name : new String[] {
                "expired_unfetched",
                "evicted_unfetched",
                "evicted_active",
                "crawler_reclaimed",
                "crawler_items_checked",
                "lrutail_reflocked",
                "moves_to_cold",
                "moves_to_warm",
                "moves_within_lru",
                "direct_reclaims",
                "hits_to_hot",
                "hits_to_warm"
            }) {
                item(name, 0);
            }
            item("hits_to_cold", statistics.sum(Count.GET_HITS));
            item("hits_to_temp", 0);
        }
        out.line("END");
    }

    private void slabs() {
        // Places of many sizes share pages of one: there is no class that one could tell these of.
        stat("active_slabs", 0);
        stat("total_malloced", store.node().keyspace().resident());
        out.line("END");
    }

    private void settings() {
        NodeState node = store.node();
        stat("maxbytes", node.keyspace().memory().limit());
        stat("maxconns", node.clients().limit());
        stat("udpport", 0);
        stat("verbosity", 0);
        stat("oldest", 0);
        stat("evictions", node.keyspace().eviction() == Eviction.NONE ? "off" : "on");
        stat("domain_socket", "NULL");
        stat("shutdown_command", "no");
        stat("num_threads", statistics.threads());
        stat("stat_key_prefix", ":");
        stat("detail_enabled", "no");
        stat("cas_enabled", "yes");
        stat("binding_protocol", "ascii");
        stat("auth_enabled_sasl", "no");
        stat("auth_enabled_ascii", node.settings().users().open() ? "no" : "yes");
        stat("item_size_max", node.limits().maxItem());
        stat("maxconns_fast", "yes");
        stat("flush_enabled", "yes");
        stat("dump_enabled", "yes");
        stat("idle_timeout", node.settings().timeoutSeconds());
        stat("track_sizes", "no");
        stat("inline_ascii_response", "no");
        out.line("END");
    }

    private void connections() {
        long now = store.node().clock().millis();
        for (MemcachedHandler client : statistics.clients()) {
            Channel channel = client.channel();
            if (channel != null && channel.remoteAddress() instanceof InetSocketAddress from) {
                String id = channel.id().asShortText();
                stat(id + ":addr", tcp(from));
                if (channel.localAddress() instanceof InetSocketAddress at) {
                    stat(id + ":listen_addr", tcp(at));
                }
                stat(id + ":state", "conn_parse_cmd");
                stat(id + ":secs_since_last_cmd", Math.max(0, now - client.seenMillis()) / 1000);
            }
        }
        out.line("END");
    }

    private static String tcp(InetSocketAddress address) {
        return "tcp:" + NetUtil.toSocketAddressString(address);
    }

    /** Keys of database 0, as many as are asked for and fit into an answer. */
    private void dump(Line line) {
        Integer of = line.count() > 2 ? Line.number(line.word(2)) : null;
        Integer limit = line.count() > 3 ? Line.number(line.word(3)) : null;
        if (of == null || limit == null || of < 0 || limit < 0) {
            out.line(Replies.BAD_LINE);
            return;
        }
        Keyspace keyspace = store.node().keyspace();
        Dump dump = new Dump(
                limit == 0 ? Integer.MAX_VALUE : limit, store.node().clock().millis());
        for (int i = 0; of == Integer.parseInt(CLASS) && i < Keyspace.SEGMENTS && dump.more(); i++) {
            Segment segment = keyspace.at(i);
            segment.lock();
            try {
                long from = 0;
                do {
                    from = keyspace.walk(i, from, dump::add);
                } while (from < KeyTable.END && dump.more());
            } finally {
                segment.unlock();
            }
        }
        out.line("END");
    }

    /** Owned by one answer. */
    private final class Dump {
        private final long now;
        private int left;
        private int room = DUMPED;

        Dump(int most, long now) {
            this.left = most;
            this.now = now;
        }

        boolean more() {
            return left > 0 && room > 0;
        }

        void add(Entry entry) {
            if (entry.db() != store.db() || !entry.isString() || entry.expireAt() <= now) {
                return;
            }
            byte[] key = entry.key();
            if (!nameable(key)) {
                return;
            }
            room -= key.length + ITEM;
            if (left-- > 0 && room > 0) {
                long until = entry.expireAt() == Entry.NEVER ? 0 : entry.expireAt() / 1000;
                String name = new String(key, StandardCharsets.ISO_8859_1);
                out.line("ITEM " + name + " [" + entry.length() + " b; " + until + " s]");
            }
        }
    }

    /** Whether memcached's clients could name it: Redis's clients may give keys that would end, or part, a line of ours. */
    private static boolean nameable(byte[] key) {
        boolean fits = key.length > 0 && key.length <= Line.MAX_KEY;
        for (int i = 0; fits && i < key.length; i++) {
            int at = key[i] & 0xff;
            fits = at > ' ' && at != 0x7f;
        }
        return fits;
    }

    private void counts(Count... which) {
        for (Count each : which) {
            stat(each.name().toLowerCase(Locale.ROOT), statistics.sum(each));
        }
    }

    private void zeros(String... names) {
        for (String name : names) {
            stat(name, 0);
        }
    }

    private void item(String name, long value) {
        stat("items:" + CLASS + ":" + name, value);
    }

    private void stat(String name, Object value) {
        out.line("STAT " + name + " " + value);
    }
}
