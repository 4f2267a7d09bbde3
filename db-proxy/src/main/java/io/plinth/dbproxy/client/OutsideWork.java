package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.commit.Spread;
import io.plinth.dbproxy.copy.CopyFrom;
import io.plinth.dbproxy.copy.CopyTo;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.LocalReplies;
import io.plinth.dbproxy.group.Part;
import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.trace.SharedWork;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Groups that no single server connection of the session carries out: definitions for every shard, LISTEN. Owned by the
 * session's event loop.
 */
final class OutsideWork {
    private final ClientSession session;
    private final Front front;
    private final Database database;
    private final Database.User user;
    private final Servers servers;
    private final Supplier<Settings> settings;
    private final Subscriptions subscriptions;
    private final Names names;
    private final EventLoop loop;
    private final Channel channel;
    private @Nullable Broadcast broadcast;
    private @Nullable Scatter scatter;
    private @Nullable CopyFrom copyFrom;
    private @Nullable CopyTo copyTo;
    private @Nullable SharedWork work;

    OutsideWork(
            ClientSession session,
            Front front,
            Database database,
            Database.User user,
            Servers servers,
            Supplier<Settings> settings,
            Subscriptions subscriptions,
            Names names,
            Channel channel) {
        this.names = names;
        this.channel = channel;
        this.session = session;
        this.front = front;
        this.database = database;
        this.user = user;
        this.servers = servers;
        this.settings = settings;
        this.subscriptions = subscriptions;
        this.loop = channel.eventLoop();
    }

    /** Carries out what several shards have to do; throws when it cannot be now. */
    void carryOut(GroupPlan plan, Parting parting, boolean outsideTransaction) throws SqlException {
        if (!outsideTransaction && !parting.mayBeInside()) {
            plan.refuseParting();
        }
        demandRun(plan);
        work = new SharedWork(front.nanoTime());
        switch (parting) {
            case Parting.Change change -> change(plan, change);
            case Parting.Query query -> scatter(plan, query, !outsideTransaction);
            case Parting.Copy copy -> copy(plan, copy);
        }
    }

    /** What was carried out here is over, for better or worse. */
    void over(GroupPlan plan, boolean failed) {
        SharedWork done = work;
        PreparedStatement statement = plan.first();
        work = null;
        if (done == null || statement == null) {
            return;
        }
        done.over(failed);
        done.parts().forEach(part -> servers.pool(part.server()).answered(part.nanos()));
        long nanos = done.nanos();
        String application = session.settings().known("application_name");
        session.usage().queries++;
        session.usage().queryNanos += nanos;
        session.usage().statements.add(statement.plan().fingerprint(), statement.sql(), nanos);
        long slow = database.rules().slowNanos();
        if (slow > 0 && nanos >= slow) {
            front.slow()
                    .add(
                            front.nanoTime().getAsLong(),
                            nanos,
                            database.name(),
                            user.name(),
                            application,
                            done.names(),
                            statement.plan().fingerprint(),
                            statement.sql());
        }
        if (front.traces().on()) {
            front.traces().took(statement.sql(), application, nanos, failed, database.name(), user.name(), done);
        }
    }

    /** What counts how long each server takes. */
    private SharedWork work() {
        return Objects.requireNonNull(work);
    }

    /** What is bound counts as run, so it must be, here and once. */
    private static void demandRun(GroupPlan plan) throws SqlException {
        int open = 0;
        for (GroupPlan.Step step : plan.steps()) {
            open += step.message() instanceof ClientMessage.Bind ? 1 : 0;
            open -= step.message() instanceof ClientMessage.Execute ? 1 : 0;
        }
        if (open != 0) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    "a statement over several shards that is bound and not executed once in one go is not supported",
                    "Send Bind and Execute together."));
        }
    }

    private void change(GroupPlan plan, Parting.Change change) {
        session.carryOut();
        run(plan, broadcast(change));
    }

    private Broadcast broadcast(Parting.Change change) {
        LongSupplier clock = front.nanoTime();
        long deadline = clock.getAsLong() + database.rules().failoverWait().toNanos();
        return new Broadcast(
                servers,
                settings.get(),
                change,
                database.rules().maxMerge(),
                loop,
                work(),
                () -> clock.getAsLong() - deadline < 0);
    }

    private void run(GroupPlan plan, Broadcast started) {
        front.metrics().everywhere.inc();
        if (database.rules().twoPhase()) {
            started.committed(this::together);
        }
        broadcast = started;
        started.run(
                (tag, rows) -> {
                    broadcast = null;
                    copyFrom = null;
                    servers.writes().everywhere();
                    session.carriedOut(plan, tag, rows);
                },
                error -> {
                    broadcast = null;
                    copyFrom = null;
                    // Some shards may have it.
                    servers.writes().everywhere();
                    session.notCarriedOut(plan, error);
                });
    }

    /** Takes the open transaction to the group's shard, where it may have been before, and sends it the group. */
    void move(GroupPlan plan) throws SqlException {
        servers.spread().demandMovable();
        session.planned(plan);
        String shard = plan.shard();
        PreparedCommit.Part known = servers.spread().back(shard);
        if (known != null && !known.connection().open()) {
            // Nobody was told: a connection the transaction has left has no one to tell.
            servers.ended(known.connection());
            session.notAttached(lost(known.connection()));
            return;
        }
        if (known != null) {
            servers.move(known.connection(), known.wrote());
            session.attached(known.connection(), false);
            return;
        }
        ServerConnection kept = servers.pinned(shard);
        if (kept == null) {
            servers.find(shard, false, this::join, session::notAttached);
        } else {
            join(kept);
        }
    }

    static SqlError lost(ServerConnection connection) {
        return SqlError.of(
                SqlError.CONNECTION_FAILURE,
                "connection to server " + connection.key().name() + " was lost");
    }

    private void join(ServerConnection next) {
        ServerConnection from = servers.attached();
        if (from == null) {
            servers.ended(next);
            return;
        }
        Spread.join(from, next, settings.get(), database.rules().twoPhaseTimeout(), error -> {
            if (error == null && servers.attached() == from) {
                servers.move(next, false);
                session.attached(next, false);
            } else {
                next.close();
                servers.ended(next);
                session.notAttached(error == null ? SqlError.of("08003", "the client is gone") : error);
            }
        });
    }

    /** Ends a transaction that is on several shards; false when the group does not, or it is not. */
    boolean ends(GroupPlan plan) {
        StatementPlan only = plan.only();
        ServerConnection attached = servers.attached();
        if (!servers.spread().several()
                || attached == null
                || only == null
                || !plan.endsReady()
                || !(only.effect() instanceof StatementPlan.NoEffect)
                || !(only.kind() == StatementPlan.Kind.COMMIT || only.kind() == StatementPlan.Kind.ROLLBACK)) {
            return false;
        }
        boolean commits = only.kind() == StatementPlan.Kind.COMMIT && attached.status() != Backend.FAILED;
        session.carryOut();
        List<PreparedCommit.Part> parts = servers.surrender();
        SharedWork ending = new SharedWork(front.nanoTime());
        parts.forEach(part -> ending.begin(part.connection().key()));
        work = ending;
        PreparedCommit end = together(parts);
        if (commits) {
            end.commit(error -> ended(plan, parts, "COMMIT", error));
        } else {
            end.rollback(() -> ended(plan, parts, "ROLLBACK", null));
        }
        return true;
    }

    private void ended(GroupPlan plan, List<PreparedCommit.Part> parts, String tag, @Nullable SqlError error) {
        // Also after an error: a commit whose answer was lost may have come to pass.
        servers.writes()
                .committed(parts.stream()
                        .filter(PreparedCommit.Part::wrote)
                        .map(part -> part.connection().key().shard())
                        .toList());
        parts.forEach(part -> servers.ended(part.connection()));
        session.transactionOver();
        if (error == null) {
            session.carriedOut(plan, tag, null);
        } else {
            session.notCarriedOut(plan, error);
        }
    }

    private PreparedCommit together(List<PreparedCommit.Part> parts) {
        return new PreparedCommit(
                front.twoPhase(), database.name(), parts, loop, database.rules().twoPhaseTimeout());
    }

    private void scatter(GroupPlan plan, Parting.Query query, boolean inside) throws SqlException {
        Scatter started = new Scatter(
                session,
                front,
                channel,
                database,
                servers,
                settings.get(),
                front.cachesOf(loop),
                names,
                plan,
                query,
                inside,
                work(),
                this::inTransaction);
        front.metrics().scattered.inc();
        session.carryOut();
        scatter = started;
        started.run();
    }

    private void copy(GroupPlan plan, Parting.Copy parting) throws SqlException {
        Scatter.bindOf(plan);
        byte[] sql = Objects.requireNonNull(plan.first()).sql();
        ShardedCopy copy = parting.copy();
        session.carryOut();
        if (copy.in()) {
            Map<String, Part> parts = new LinkedHashMap<>();
            parting.shards().forEach(shard -> parts.put(shard, Part.of(sql)));
            Broadcast around = broadcast(new Parting.Change(parts, StatementPlan.Answer.SUM));
            around.copies(() -> {
                CopyFrom started = copyFrom(plan, copy, sql);
                copyFrom = started;
                return started;
            });
            run(plan, around);
            return;
        }
        CopyTo started = new CopyTo(
                copy,
                sql,
                parting.shards(),
                settings.get(),
                channel,
                new Lent(),
                out -> new LocalReplies(names, out).begin(plan));
        copyTo = started;
        started.run(
                servers::passGate,
                tag -> {
                    copyTo = null;
                    session.carriedOut(plan, tag, null);
                },
                error -> {
                    copyTo = null;
                    session.notCarriedOut(plan, error);
                });
    }

    private CopyFrom copyFrom(GroupPlan plan, ShardedCopy copy, byte[] sql) {
        return new CopyFrom(
                copy,
                database.topology(),
                sql,
                channel,
                front.limits().message(),
                session::regulate,
                out -> {
                    new LocalReplies(names, out).begin(plan);
                    plan.takesData();
                },
                front.nanoTime());
    }

    private final class Lent implements CopyTo.Lender {
        @Override
        public void lend(String shard, Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
            servers.find(
                    shard,
                    false,
                    connection -> {
                        SharedWork counted = work;
                        if (counted != null) {
                            counted.begin(connection.key());
                        }
                        granted.accept(connection);
                    },
                    refused);
        }

        @Override
        public void giveBack(ServerConnection connection) {
            SharedWork counted = work;
            if (counted != null) {
                counted.end(connection.key(), !connection.open());
            }
            connection.detach(front.nanoTime().getAsLong());
            servers.giveBack(connection);
        }

        @Override
        public void stop(ServerConnection connection) {
            front.cancelSender().cancel(connection);
            connection.detach(front.nanoTime().getAsLong());
            connection.close();
            connection.loop().execute(() -> servers.giveBack(connection));
        }
    }

    /** Whether the client's data goes to several shards. */
    boolean streaming() {
        CopyFrom copy = copyFrom;
        return copy != null && copy.streaming();
    }

    /** Whether there is no room for more of it now. */
    boolean chokes() {
        CopyFrom copy = copyFrom;
        return copy != null && copy.streaming() && !copy.writable();
    }

    /** Takes ownership of copied data, unless it is not for several shards. */
    boolean copied(ByteBuf run) {
        CopyFrom copy = copyFrom;
        if (copy == null || !copy.streaming()) {
            return false;
        }
        copy.copied(run);
        return true;
    }

    /** The client has copied all, or has given up, and {@code body} says why; false when it is not for several shards. */
    boolean copyEnds(byte type, byte[] body) {
        CopyFrom copy = copyFrom;
        if (copy == null || !copy.streaming()) {
            return false;
        }
        if (type == Frontend.COPY_DONE) {
            copy.finish();
        } else {
            copy.refuse(body);
        }
        return true;
    }

    /** The connection of the open transaction on a shard, or null where it has not been. */
    private @Nullable ServerConnection inTransaction(String shard) {
        ServerConnection server = servers.attached();
        return server != null && server.key().shard().equals(shard)
                ? server
                : servers.spread().on(shard);
    }

    /** The client takes more. */
    void clientWritable() {
        Scatter running = scatter;
        if (running != null) {
            running.pump();
        }
        CopyTo copy = copyTo;
        if (copy != null) {
            copy.resume();
        }
    }

    /** Whether it was LISTEN or UNLISTEN for the shared listener, which now works on it. */
    boolean listens(GroupPlan plan) {
        StatementPlan.Listen wish = plan.listens();
        if (wish == null || !servers.shares()) {
            return false;
        }
        work = null;
        session.carryOut();
        subscriptions.change(wish, why -> {
            if (why == null) {
                session.carriedOut(plan, wish.on() ? "LISTEN" : "UNLISTEN", null);
            } else {
                session.notCarriedOut(plan, why);
            }
        });
        return true;
    }

    /** Whether there was something to cancel. */
    boolean cancel(boolean tell) {
        Scatter running = scatter;
        if (running != null
                && running.cancel(
                        SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request"), tell)) {
            return true;
        }
        CopyTo copy = copyTo;
        if (copy != null) {
            copyTo = null;
            servers.stopWaiting();
            copy.cancel(SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request"), tell);
            return true;
        }
        Broadcast everywhere = broadcast;
        if (everywhere == null) {
            return false;
        }
        everywhere.cancel(front.cancelSender());
        return true;
    }
}
