package io.plinth.dbproxy.client;

import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.LoopPools;
import io.plinth.dbproxy.pool.ServerPool;
import io.plinth.dbproxy.pool.SharedListener;
import io.plinth.dbproxy.pool.Waiter;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The server connections of one session: the one its transaction uses, and those it must keep. Owned by the session's
 * event loop.
 */
final class Servers {
    private final Front front;
    private final LoopPools pools;
    private final Database database;
    private final Database.User user;
    private final Map<String, ServerConnection> pinned = new HashMap<>();
    private final Map<String, Long> lastWrites = new HashMap<>();
    private @Nullable ClientSession served;
    private @Nullable ServerConnection attached;
    private @Nullable Waiter waiting;
    private @Nullable ServerPool waitingAt;
    private boolean pin;
    private boolean wrote;
    private boolean closed;
    private int turn;

    Servers(Front front, LoopPools pools, Database database, Database.User user) {
        this.front = front;
        this.pools = pools;
        this.database = database;
        this.user = user;
        this.turn = front.random().nextInt(1 << 16);
    }

    /** Whose connections these are; told once, before anything else. */
    void serve(ClientSession owner) {
        served = owner;
    }

    private ClientSession session() {
        ClientSession owner = served;
        if (owner == null) {
            throw new IllegalStateException("connections of no session (expected: serve() first)");
        }
        return owner;
    }

    @Nullable
    ServerConnection attached() {
        return attached;
    }

    @Nullable
    String attachedShard() {
        ServerConnection server = attached;
        return server == null ? null : server.key().shard();
    }

    /** Whether the attached server can take more. */
    boolean writable() {
        ServerConnection server = attached;
        return server == null || server.writable();
    }

    /** Reads replies on. */
    void reading() {
        ServerConnection server = attached;
        if (server != null) {
            server.reading(true);
        }
        pinned.values().forEach(connection -> connection.reading(true));
    }

    /** Gets a server connection for the session; it is told when there is one with its settings, or none to be had. */
    void attach(String shard, boolean replicaWill) {
        ServerConnection kept = pinned.get(shard);
        if (kept != null) {
            attached = kept;
            prepare(kept);
            return;
        }
        Database.Servers servers = user.servers(shard);
        boolean replica = replicaWill && !database.rules().sessionMode();
        ServerKey chosen = replica ? replica(shard, servers) : null;
        if (chosen == null) {
            acquire(servers.primary(), this::granted, why -> {
                reportUnreachable(shard, servers.primary(), why);
                session().notAttached(why);
            });
            return;
        }
        acquire(chosen, this::granted, why -> {
            reportUnreachable(shard, chosen, why);
            acquire(servers.primary(), this::granted, session()::notAttached);
        });
    }

    /** A full pool or a user that may not log in says nothing about the server's health. */
    private void reportUnreachable(String shard, ServerKey key, SqlError why) {
        if (why.code().equals(SqlError.CONNECTION_FAILURE) || why.code().equals(SqlError.CANNOT_CONNECT_NOW)) {
            database.health(shard).unreachable(key, why);
        }
    }

    /** The next replica in turn that may serve this session's reads, those of the own region first; or null. */
    private @Nullable ServerKey replica(String shard, Database.Servers servers) {
        ShardHealth health = database.health(shard);
        long since = front.nanoTime().getAsLong() - (1L << 60);
        if (database.rules().allWrites()) {
            since = health.lastWrite();
        } else if (database.rules().ownWrites()) {
            since = lastWrites.getOrDefault(shard, since);
        }
        int count = servers.replicas().size();
        for (int i = 0; i < count; i++) {
            int index = Math.floorMod(turn + i, count);
            if (health.serves(
                    servers.healthIndex().get(index), since, database.rules().maxLag())) {
                turn = index + 1;
                return servers.replicas().get(index);
            }
        }
        return null;
    }

    /** A connection to a given server, for {@code granted} to give back. */
    void acquire(ServerKey key, Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
        ServerPool pool = pools.pool(key, database.rules().pool());
        Waiter waiter = session()
                .waiter(
                        connection -> {
                            waiting = null;
                            if (closed) {
                                pool.release(connection);
                            } else {
                                granted.accept(connection);
                            }
                        },
                        why -> {
                            waiting = null;
                            refused.accept(why);
                        });
        waiting = waiter;
        waitingAt = pool;
        pool.acquire(waiter);
    }

    /** Whether clients share server connections, so that one of them may not keep what is in a session(). */
    boolean shares() {
        return !database.rules().sessionMode();
    }

    /** The connection that listens for this user's clients. */
    SharedListener listener() {
        return pools.listener(
                primary(database.topology().defaultShard()), database.rules().pool());
    }

    ServerKey primary(String shard) {
        return user.servers(shard).primary();
    }

    /** Gives back a connection that was never attached. */
    void giveBack(ServerConnection connection) {
        pools.pool(connection.key(), database.rules().pool()).release(connection);
    }

    private void granted(ServerConnection connection) {
        attached = connection;
        connection.attach(session());
        database.parameters(connection.identity().parameters());
        prepare(connection);
    }

    /** Brings the server's session to the client's settings before anything else runs there. */
    private void prepare(ServerConnection connection) {
        String changes = connection.applied().towards(session().settings().wanted());
        if (changes.isEmpty()) {
            connection.applied(session().settings().wanted());
            session().attached(connection);
            return;
        }
        connection.inject(changes, outcome -> {
            SqlError error = outcome.error();
            if (attached != connection || !connection.open()) {
                return;
            }
            if (error != null) {
                drop();
                session().lost(new SqlError(error.code(), "the session's settings: " + error.message(), null));
                return;
            }
            connection.applied(session().settings().wanted());
            session().attached(connection);
        });
    }

    /** Stops waiting for a connection; false when none is waited for. */
    boolean stopWaiting() {
        Waiter waiter = waiting;
        ServerPool pool = waitingAt;
        if (waiter == null || pool == null) {
            return false;
        }
        waiting = null;
        pool.forget(waiter);
        return true;
    }

    /** The attached connection is the session's for good. */
    void pin() {
        pin = true;
    }

    void unpin() {
        pin = false;
        ServerConnection server = attached;
        if (server != null) {
            pinned.remove(server.key().shard());
        }
    }

    /** Whether the attached connection is a replica's. */
    boolean onReplica() {
        ServerConnection server = attached;
        return server != null && server.key().replica();
    }

    /**
     * Whether what the server session of {@code shard} remembers can be this client's own: the connection is kept for
     * it, or its transaction has written there.
     */
    boolean ownPast(String shard) {
        return pinned.containsKey(shard) || (attached != null && wrote);
    }

    /** The group sent now may write. */
    void wrote() {
        ServerConnection server = attached;
        wrote |= server != null && !server.key().replica();
    }

    void wroteEverywhere() {
        database.topology().shards().forEach(this::written);
    }

    private void written(String shard) {
        long now = front.nanoTime().getAsLong();
        lastWrites.put(shard, now);
        database.health(shard).wrote(now);
    }

    /** The transaction is over: its connection goes back, unless the session must keep it. */
    void release() {
        ServerConnection server = attached;
        attached = null;
        if (server == null) {
            return;
        }
        if (wrote) {
            wrote = false;
            written(server.key().shard());
        }
        String shard = server.key().shard();
        if (pin || database.rules().sessionMode()) {
            pinned.put(shard, server);
        }
        pin = false;
        if (pinned.get(shard) != server) {
            giveBack(server);
        }
    }

    /** Closes the attached connection, whose state is not known. */
    void drop() {
        ServerConnection server = attached;
        attached = null;
        if (server != null) {
            pinned.remove(server.key().shard(), server);
            server.detach(front.nanoTime().getAsLong());
            server.close();
            giveBack(server);
        }
    }

    /** The client is gone. */
    void close() {
        closed = true;
        stopWaiting();
        ServerConnection server = attached;
        attached = null;
        if (server != null && !pinned.containsValue(server)) {
            abandon(server);
        }
        for (ServerConnection kept : pinned.values()) {
            abandon(kept);
        }
        pinned.clear();
    }

    private void abandon(ServerConnection server) {
        boolean clean = server.reusable() && !pinned.containsValue(server);
        if (server.open() && !server.settled()) {
            front.cancelSender().cancel(server);
        }
        server.detach(front.nanoTime().getAsLong());
        if (!clean || server.status() != Backend.IDLE) {
            server.close();
        }
        giveBack(server);
    }
}
