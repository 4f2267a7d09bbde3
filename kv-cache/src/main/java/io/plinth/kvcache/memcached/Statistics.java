package io.plinth.kvcache.memcached;

import io.plinth.kvcache.command.NodeState;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Shared by all loops: what memcached clients did, as {@code stats} shows it. */
final class Statistics {
    /** The version whose behaviour clients may expect. */
    static final String VERSION = "1.6.18";

    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder sets = new LongAdder();
    private final LongAdder total = new LongAdder();
    private final Set<MemcachedHandler> clients = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final long startMillis;

    Statistics(long startMillis) {
        this.startMillis = startMillis;
    }

    void got(boolean found) {
        (found ? hits : misses).increment();
    }

    void set() {
        sets.increment();
    }

    /** A client came; answers how many there are. */
    int opened(MemcachedHandler client) {
        total.increment();
        clients.add(client);
        return connections.incrementAndGet();
    }

    void closed(MemcachedHandler client) {
        clients.remove(client);
        connections.decrementAndGet();
    }

    /** Ends clients that said nothing for so long; 0 for none. */
    void endIdle(long nowMillis, long seconds) {
        if (seconds > 0) {
            clients.forEach(each -> each.endIdle(nowMillis, seconds));
        }
    }

    void write(Store store, Line line, Replies out) {
        String which = line.count() > 1 ? line.word(1) : "";
        NodeState node = store.node();
        switch (which) {
            case "" -> general(node, out);
            case "settings" -> {
                stat(out, "maxbytes", node.keyspace().memory().limit());
                stat(out, "maxconns", node.clients().limit());
                stat(out, "evictions", "on");
                stat(out, "cas_enabled", "yes");
                stat(out, "item_size_max", node.limits().maxBulk());
                stat(out, "flush_enabled", "yes");
                out.line("END");
            }
            case "reset" -> {
                hits.reset();
                misses.reset();
                sets.reset();
                out.line("RESET");
            }
            // There are no slabs, so nothing to tell of them.
            case "items", "slabs", "sizes", "conns" -> out.line("END");
            default -> out.line(Replies.ERROR);
        }
    }

    private void general(NodeState node, Replies out) {
        long now = node.clock().millis();
        stat(out, "pid", ProcessHandle.current().pid());
        stat(out, "uptime", (now - startMillis) / 1000);
        stat(out, "time", now / 1000);
        stat(out, "version", VERSION);
        stat(out, "pointer_size", 64);
        stat(out, "curr_connections", connections.get());
        stat(out, "total_connections", total.sum());
        stat(out, "cmd_get", hits.sum() + misses.sum());
        stat(out, "cmd_set", sets.sum());
        stat(out, "get_hits", hits.sum());
        stat(out, "get_misses", misses.sum());
        stat(out, "limit_maxbytes", node.keyspace().memory().limit());
        stat(out, "bytes", node.keyspace().stats().bytes());
        stat(out, "curr_items", node.keyspace().keys(0));
        stat(out, "evictions", node.keyspace().stats().evicted());
        out.line("END");
    }

    private static void stat(Replies out, String name, Object value) {
        out.line("STAT " + name + " " + value);
    }
}
