package io.plinth.dbproxy.client;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.commit.Spread;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.List;
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
    private final Servers servers;
    private final Supplier<Settings> settings;
    private final Subscriptions subscriptions;
    private final EventLoop loop;
    private final Channel channel;
    private @Nullable Broadcast broadcast;
    private @Nullable Scatter scatter;

    OutsideWork(
            ClientSession session,
            Front front,
            Database database,
            Servers servers,
            Supplier<Settings> settings,
            Subscriptions subscriptions,
            Channel channel) {
        this.channel = channel;
        this.session = session;
        this.front = front;
        this.database = database;
        this.servers = servers;
        this.settings = settings;
        this.subscriptions = subscriptions;
        this.loop = channel.eventLoop();
    }

    /** Carries out what several shards have to do; throws when it cannot be now. */
    void carryOut(GroupPlan plan, Parting parting, boolean outsideTransaction) throws SqlException {
        if (!outsideTransaction) {
            plan.refuseParting();
        }
        switch (parting) {
            case Parting.Change change -> change(plan, change);
            case Parting.Query query -> scatter(plan, query);
            case Parting.Copy copy -> copy(copy);
        }
    }

    private void change(GroupPlan plan, Parting.Change change) {
        front.metrics().everywhere.inc();
        session.carryOut();
        Broadcast started =
                new Broadcast(servers, settings.get(), change, database.rules().maxMerge(), loop);
        if (database.rules().twoPhase()) {
            started.committed(this::together);
        }
        broadcast = started;
        started.run(
                (tag, rows) -> {
                    broadcast = null;
                    servers.writes().everywhere();
                    session.carriedOut(plan, tag, rows);
                },
                error -> {
                    broadcast = null;
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
        if (known != null) {
            servers.move(known.connection(), known.wrote());
            session.attached(known.connection(), false);
            return;
        }
        ServerConnection kept = servers.pinned(shard);
        if (kept == null) {
            servers.acquire(servers.primary(shard), this::join, session::notAttached);
        } else {
            join(kept);
        }
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

    private void scatter(GroupPlan plan, Parting.Query query) throws SqlException {
        Scatter started = new Scatter(
                session, front, channel, database, servers, settings.get(), front.cachesOf(loop), plan, query);
        front.metrics().scattered.inc();
        session.carryOut();
        scatter = started;
        started.run();
    }

    private static void copy(Parting.Copy copy) throws SqlException {
        throw new SqlException(
                SqlError.NOT_SUPPORTED,
                "COPY of sharded table " + copy.copy().table().name());
    }

    /** The client takes more. */
    void clientWritable() {
        Scatter running = scatter;
        if (running != null) {
            running.pump();
        }
    }

    /** Whether it was LISTEN or UNLISTEN for the shared listener, which now works on it. */
    boolean listens(GroupPlan plan) {
        StatementPlan.Listen wish = plan.listens();
        if (wish == null || !servers.shares()) {
            return false;
        }
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
        Broadcast everywhere = broadcast;
        if (everywhere == null) {
            return false;
        }
        everywhere.cancel(front.cancelSender());
        return true;
    }
}
