package io.plinth.kvcache.replica;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Guarded by itself: whom this node follows, if anybody. Called by administrators' loops; waits for nothing. */
public final class Replication implements AutoCloseable {
    private final NodeState node;
    private final CommandTable table;
    private final Consumer<byte[]> libraries;
    private final Runnable forget;
    private final @Nullable PrimaryTls tls;
    private final Path file;
    private final LongSupplier nanos;
    private final ThreadFactory threads;
    private @Nullable Following following;
    private final LongAdder refused = new LongAdder();
    private final LongAdder received = new LongAdder();
    /** Done when nobody who was followed before touches a key any more. */
    private CompletableFuture<Void> left = CompletableFuture.completedFuture(null);

    /** {@code tls} is how it is reached, null for a plain connection; its files are relative to {@code file}. */
    public Replication(
            NodeState node,
            CommandTable table,
            Consumer<byte[]> libraries,
            Runnable forget,
            @Nullable PrimaryTls tls,
            Path file,
            LongSupplier nanos,
            ThreadFactory threads) {
        this.node = node;
        this.table = table;
        this.libraries = libraries;
        this.forget = forget;
        this.tls = tls;
        this.file = file;
        this.nanos = nanos;
        this.threads = threads;
    }

    /** Follows a Redis, and takes no writes of others meanwhile; answers whether it did so already. */
    public synchronized boolean follow(String host, int port, int ownPort) {
        Following present = following;
        if (present != null && present.host().equals(host) && present.port() == port) {
            return true;
        }
        end(false);
        node.settings().readOnly(true);
        Following begun = new Following(
                host,
                port,
                ownPort,
                new Access(node.settings(), tls, file),
                new Applier(node, table, libraries, forget),
                nanos,
                refused::increment,
                received);
        CompletableFuture<Void> before = left;
        following = begun;
        threads.newThread(() -> {
                    // What the one before still does would be done to our keys.
                    before.join();
                    begun.run();
                })
                .start();
        return false;
    }

    /** Writes of those who are or were followed that could not be done here; each began a full synchronisation. */
    public long refused() {
        return refused.sum();
    }

    /** Bytes that came from those who are or were followed. */
    public long received() {
        return received.sum();
    }

    /** Follows nobody; keeps what came. Writes are taken when the answer is done: at once, or soon where one was being made ours. */
    public synchronized CompletableFuture<Void> lead() {
        end(true);
        return left.thenRun(this::admit);
    }

    private void end(boolean keep) {
        Following present = following;
        if (present != null) {
            following = null;
            left = CompletableFuture.allOf(left, present.end(keep));
        }
    }

    private synchronized void admit() {
        if (following == null) {
            node.settings().readOnly(false);
        }
    }

    private synchronized double link() {
        Following present = following;
        return present == null || present.state() == Following.State.CONNECTED ? 1 : 0;
    }

    /** Shows what an operator is to be woken for. */
    public void register(Metrics metrics) {
        metrics.gauge("kvcache_primary_link_up", "0 while a Redis is to be followed and is not.", this::link);
        metrics.counter(
                "kvcache_primary_refused_writes_total",
                "Writes of the Redis that is followed that could not be done here, each with a synchronisation anew.",
                this::refused);
    }

    /** Host, port, state and offset of who is followed, in the order ROLE has them; null where nobody is. */
    public synchronized @Nullable List<Object> role() {
        Following present = following;
        return present == null ? null : List.of(present.host(), present.port(), present.state().word, present.offset());
    }

    /** INFO's lines about who is followed. */
    public synchronized Map<String, Object> lines() {
        Following present = following;
        if (present == null) {
            return Map.of();
        }
        Map<String, Object> lines = new java.util.LinkedHashMap<>();
        lines.put("master_host", present.host());
        lines.put("master_port", present.port());
        boolean up = present.state() == Following.State.CONNECTED;
        boolean sync = present.state() == Following.State.SYNC;
        lines.put("master_link_status", up ? "up" : "down");
        lines.put("master_last_io_seconds_ago", up ? present.silentSeconds() : -1);
        lines.put("master_sync_in_progress", sync ? 1 : 0);
        lines.put("slave_read_repl_offset", present.offset());
        lines.put("slave_repl_offset", present.offset());
        if (sync) {
            lines.put("master_sync_last_io_seconds_ago", present.silentSeconds());
        }
        if (!up) {
            lines.put("master_link_down_since_seconds", present.silentSeconds());
        }
        lines.put("slave_priority", 100);
        lines.put("slave_read_only", 1);
        lines.put("replica_announced", 1);
        return lines;
    }

    @Override
    public void close() {
        lead();
    }
}
