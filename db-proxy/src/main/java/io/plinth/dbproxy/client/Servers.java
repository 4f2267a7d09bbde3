package io.plinth.dbproxy.client;

import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.commit.Spread;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.ReplicaChoice;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.pool.LoopPools;
import io.plinth.dbproxy.pool.RecentPool;
import io.plinth.dbproxy.pool.ServerPool;
import io.plinth.dbproxy.pool.SharedListener;
import io.plinth.dbproxy.pool.Waiter;
import io.plinth.dbproxy.server.ReplySink;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The server connections of one session: the one its transaction uses, and those it must keep. Owned by the session's
 * event loop.
 */
final class Servers {
    private static final long READ_ROUND_MICROS = 500;
    static final long WRITE_ROUND_MICROS = 50_000;

    private final Front front;
    private final LoopPools pools;
    private final Database database;
    private final Database.User user;
    private final Usage usage;
    private final Map<String, ServerConnection> pinned = new HashMap<>();
    private final OwnWrites writes;
    private final ReplicaChoice choice;
    private final Spread spread = new Spread();
    private @Nullable ClientSession served;
    private @Nullable ReplySink sink;
    private @Nullable ServerConnection attached;
    private @Nullable Waiter waiting;
    private @Nullable ServerPool waitingAt;
    private @Nullable Future<?> pausing;
    private boolean pin;
    private boolean closed;
    private long asked;
    private long taken;
    private long usable;
    private final Pauses pauses;
    private final RecentPool recent;

    Servers(Front front, LoopPools pools, Database database, Database.User user, Usage usage) {
        this.usage = usage;
        this.front = front;
        this.pools = pools;
        this.recent = new RecentPool(pools);
        this.database = database;
        this.user = user;
        this.choice = new ReplicaChoice(pools, front.random().nextInt(1 << 16));
        this.pauses = new Pauses(database.gate());
        this.writes = new OwnWrites(database, front.nanoTime());
    }

    /** Whose connections these are; told once, before anything else. */
    void serve(ClientSession owner, ReplySink taker) {
        served = owner;
        sink = taker;
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
        return attached == null ? null : attached.key().shard();
    }

    OwnWrites writes() {
        return writes;
    }

    /** When the attached connection was taken and had the session's settings. */
    long usable() {
        return usable;
    }

    /** Whether the attached server can take more. */
    boolean writable() {
        return attached == null || attached.writable();
    }

    /** Reads replies on. */
    void reading() {
        if (attached != null) {
            attached.reading(true);
        }
        pinned.values().forEach(connection -> connection.reading(true));
    }

    /** Gets a server connection for the session; it is told when there is one with its settings, or none to be had. */
    void attach(String shard, boolean replicaWill) {
        ServerConnection kept = pinned.isEmpty() ? null : pinned.get(shard);
        if (kept != null) {
            use(kept);
            prepare(kept);
        } else {
            passGate(() -> choose(shard, replicaWill));
        }
    }

    /** Runs {@code next} now, or when the operator lets clients go on. */
    void passGate(Runnable next) {
        pauses.pass(session().loop(), next);
    }

    private void choose(String shard, boolean replicaWill) {
        asked = front.nanoTime().getAsLong();
        find(shard, replicaWill, asked, this::granted, session()::notAttached);
    }

    /** A connection to a shard, for {@code found} to give back. */
    void find(String shard, boolean replicaWill, Consumer<ServerConnection> found, Consumer<SqlError> none) {
        find(shard, replicaWill, front.nanoTime().getAsLong(), found, none);
    }

    private void find(
            String shard, boolean replicaWill, long now, Consumer<ServerConnection> found, Consumer<SqlError> none) {
        boolean replica = replicaWill
                && shares()
                && !user.servers(database.setup(), shard).replicas().isEmpty();
        if (replica) {
            long deadline = now + database.rules().readWait().toNanos();
            read(shard, writes.needed(shard, now), deadline, found, none);
        } else {
            write(shard, now, found, none);
        }
    }

    /** On a replica that has replayed what the read must see; after a short wait for one, on the primary. */
    private void read(
            String shard, long since, long deadline, Consumer<ServerConnection> found, Consumer<SqlError> none) {
        Database.Setup setup = database.setup();
        ShardHealth health = setup.health(shard);
        Database.Servers servers = user.servers(setup, shard);
        ServerKey chosen = choice.best(health, servers, since, database.rules());
        long now = front.nanoTime().getAsLong();
        if (chosen != null) {
            acquire(chosen, now, found, why -> {
                database.health(shard).refused(chosen, why);
                write(shard, front.nanoTime().getAsLong(), found, none);
            });
        } else if (now - deadline < 0 && ReplicaChoice.mayCatchUp(health, servers, database.rules())) {
            health.askNow();
            later(READ_ROUND_MICROS, () -> read(shard, since, deadline, found, none));
        } else {
            write(shard, now, found, none);
        }
    }

    private void write(String shard, long now, Consumer<ServerConnection> found, Consumer<SqlError> none) {
        write(shard, now, now + database.rules().failoverWait().toNanos(), true, found, none);
    }

    /** On the server that takes writes; while there is none, as during a promotion, the request waits for a moment. */
    private void write(
            String shard,
            long now,
            long deadline,
            boolean report,
            Consumer<ServerConnection> found,
            Consumer<SqlError> none) {
        ServerKey leader = primary(shard);
        acquire(leader, now, found, why -> {
            if (report) {
                // Later refusals may only be the pool's memory of this one.
                database.health(shard).refused(leader, why);
            }
            boolean gone = why.code().startsWith("08") || why.code().equals(SqlError.CANNOT_CONNECT_NOW);
            if (gone && front.nanoTime().getAsLong() - deadline < 0) {
                later(
                        WRITE_ROUND_MICROS,
                        () -> write(shard, front.nanoTime().getAsLong(), deadline, false, found, none));
            } else {
                none.accept(why);
            }
        });
    }

    void later(long micros, Runnable next) {
        Runnable due = () -> {
            pausing = null;
            if (!closed) {
                next.run();
            }
        };
        pausing = session().loop().schedule(due, micros, TimeUnit.MICROSECONDS);
    }

    ServerPool pool(ServerKey key) {
        return recent.of(key, database.rules().pool());
    }

    /** A connection to a given server, for {@code granted} to give back. */
    void acquire(ServerKey key, long now, Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
        ServerPool pool = pool(key);
        Waiter waiter = new Waiter(
                now,
                connection -> {
                    waiting = null;
                    Consumer<ServerConnection> taker = closed ? pool::release : granted;
                    taker.accept(connection);
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
                primary(database.topology().defaultShard()), database.rules().pool(), database.gate()::paused);
    }

    ServerKey primary(String shard) {
        Database.Setup setup = database.setup();
        return user.servers(setup, shard).leader(setup.health(shard).leader());
    }

    /** Gives back a connection that was never attached. */
    void giveBack(ServerConnection connection) {
        pool(connection.key()).release(connection);
    }

    /** The attached server has answered a request. */
    void answered(long nanos) {
        if (attached != null) {
            pool(attached.key()).answered(nanos);
        }
    }

    private void granted(ServerConnection connection) {
        use(connection);
        usage.assignments++;
        usage.waitNanos += taken - asked;
        database.parameters(connection.identity().parameters());
        prepare(connection);
    }

    private void use(ServerConnection connection) {
        attached = connection;
        taken = front.nanoTime().getAsLong();
        usable = taken;
        if (sink != null) {
            connection.attach(sink);
        }
    }

    /** Brings the server's session to the client's settings before anything else runs there. */
    private void prepare(ServerConnection connection) {
        if (!connection.open()) {
            // One the session had kept, with nobody to tell.
            drop();
            session().lost(OutsideWork.lost(connection));
            return;
        }
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
            usable = front.nanoTime().getAsLong();
            connection.applied(session().settings().wanted());
            session().attached(connection);
        });
    }

    /** Stops waiting for a connection; false when none is waited for. */
    boolean stopWaiting() {
        if (pauses.forget()) {
            return true;
        }
        Future<?> paused = pausing;
        pausing = null;
        if (paused != null) {
            paused.cancel(false);
            return true;
        }
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
        if (attached != null) {
            pinned.remove(attached.key().shard());
        }
    }

    /** Whether the attached connection is a replica's. */
    boolean onReplica() {
        return attached != null && attached.key().replica();
    }

    /**
     * Whether what the server session of {@code shard} remembers can be this client's own: the connection is kept for
     * it, or its transaction has written there.
     */
    boolean ownPast(String shard) {
        return pinned.containsKey(shard) || (shard.equals(attachedShard()) ? writes.open() : spread.wrote(shard));
    }

    Spread spread() {
        return spread;
    }

    /** Whether the open transaction may go on to another shard now. */
    boolean mayMove() {
        ServerConnection server = attached;
        return server != null
                && database.rules().twoPhase()
                && !server.key().replica()
                && server.settled()
                && server.status() == Backend.IN_TRANSACTION;
    }

    @Nullable
    ServerConnection pinned(String shard) {
        return pinned.get(shard);
    }

    /** The open transaction goes on on another shard, where it is open too. */
    void move(ServerConnection next, boolean wroteThere) {
        PreparedCommit.Part left = leave(wroteThere);
        spread.park(left.connection(), left.wrote());
        attached = next;
        if (sink != null) {
            next.attach(sink);
        }
    }

    private PreparedCommit.Part leave(boolean wroteThere) {
        ServerConnection server = attached;
        if (server == null) {
            throw new IllegalStateException("no transaction is open (expected: one)");
        }
        attached = null;
        if (pin) {
            pinned.put(server.key().shard(), server);
            pin = false;
        }
        server.detach(front.nanoTime().getAsLong());
        return new PreparedCommit.Part(server, writes.moved(wroteThere));
    }

    /** The transaction on several shards is ended elsewhere; {@link #ended} takes what it used. */
    List<PreparedCommit.Part> surrender() {
        List<PreparedCommit.Part> all = spread.clear();
        all.add(leave(false));
        all.forEach(part -> spread.keep(
                part.connection(), pinned.remove(part.connection().key().shard(), part.connection())));
        usage.transactions++;
        usage.transactionNanos += front.nanoTime().getAsLong() - taken;
        return all;
    }

    /** The transaction that was surrendered is over on this connection. */
    void ended(ServerConnection connection) {
        boolean keep = spread.kept(connection) || database.rules().sessionMode();
        if (keep && !closed && connection.reusable()) {
            pinned.put(connection.key().shard(), connection);
        } else {
            pinned.remove(connection.key().shard(), connection);
            giveBack(connection);
        }
    }

    /** The transaction is over: its connection goes back, unless the session must keep it. */
    void release() {
        ServerConnection server = attached;
        attached = null;
        if (server == null) {
            return;
        }
        spread.clear().forEach(part -> {
            pinned.remove(part.connection().key().shard(), part.connection());
            abandon(part.connection());
        });
        long now = front.nanoTime().getAsLong();
        usage.transactions++;
        usage.transactionNanos += now - taken;
        String shard = server.key().shard();
        boolean ask = writes.end(shard) && shares();
        if (pin || database.rules().sessionMode()) {
            pinned.put(shard, server);
        }
        pin = false;
        if (pinned.isEmpty() || pinned.get(shard) != server) {
            server.detach(now);
            if (ask && server.reusable()) {
                writes.askPosition(shard, server, () -> giveBack(server));
            } else {
                pool(server.key()).back(server);
            }
        }
    }

    /** Closes the attached connection, whose state is not known. */
    void drop() {
        ServerConnection server = attached;
        attached = null;
        if (server != null) {
            pinned.remove(server.key().shard(), server);
            end(server);
        }
    }

    private void end(ServerConnection server) {
        server.detach(front.nanoTime().getAsLong());
        server.close();
        giveBack(server);
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
        spread.clear().stream()
                .map(PreparedCommit.Part::connection)
                .filter(left -> !pinned.containsValue(left))
                .forEach(this::abandon);
        for (ServerConnection kept : pinned.values()) {
            abandon(kept);
        }
        pinned.clear();
    }

    /**
     * Ends what the client had not given back: even with no reply owed it may be inside a transaction, as the server says
     * so only at the next ReadyForQuery.
     */
    private void abandon(ServerConnection server) {
        if (server.open() && !server.settled()) {
            front.cancelSender().cancel(server);
        }
        end(server);
    }
}
