package io.plinth.kvcache.replica;

import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Guarded by itself: whom this node follows, if anybody. Called by administrators' loops; waits for nothing. */
public final class Replication implements AutoCloseable {
    private final NodeState node;
    private final CommandTable table;
    private final Consumer<byte[]> libraries;
    private final Runnable forget;
    private final @Nullable String password;
    private final LongSupplier nanos;
    private final ThreadFactory threads;
    private @Nullable Following following;

    public Replication(
            NodeState node,
            CommandTable table,
            Consumer<byte[]> libraries,
            Runnable forget,
            @Nullable String password,
            LongSupplier nanos,
            ThreadFactory threads) {
        this.node = node;
        this.table = table;
        this.libraries = libraries;
        this.forget = forget;
        this.password = password;
        this.nanos = nanos;
        this.threads = threads;
    }

    /** Follows a Redis, and takes no writes of others meanwhile; answers whether it did so already. */
    public synchronized boolean follow(String host, int port, int ownPort) {
        Following present = following;
        if (present != null && present.host().equals(host) && present.port() == port) {
            return true;
        }
        lead();
        node.settings().readOnly(true);
        Following begun =
                new Following(host, port, ownPort, password, new Applier(node, table, libraries, forget), nanos);
        following = begun;
        threads.newThread(begun).start();
        return false;
    }

    /** Follows nobody, and takes writes; keeps what came. */
    public synchronized void lead() {
        Following present = following;
        if (present != null) {
            present.end();
            following = null;
        }
        node.settings().readOnly(false);
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
        lines.put("master_link_status", present.state() == Following.State.CONNECTED ? "up" : "down");
        lines.put("master_sync_in_progress", present.state() == Following.State.SYNC ? 1 : 0);
        lines.put("slave_repl_offset", present.offset());
        lines.put("slave_read_only", 1);
        return lines;
    }

    @Override
    public void close() {
        lead();
    }
}
