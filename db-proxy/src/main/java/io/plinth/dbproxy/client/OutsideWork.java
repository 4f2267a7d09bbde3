package io.plinth.dbproxy.client;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.commit.Spread;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.List;
import java.util.Map;
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

    void everywhere(GroupPlan plan, PreparedStatement definition) {
        front.metrics().everywhere.inc();
        Map<String, String> split = plan.split();
        Broadcast started = split == null
                ? Broadcast.definition(database, servers, settings.get(), definition, loop)
                : new Broadcast(servers, settings.get(), split, true, loop);
        if (database.rules().twoPhase()) {
            started.committed(this::together);
        }
        broadcast = started;
        started.run(
                tag -> {
                    broadcast = null;
                    servers.writes().everywhere();
                    session.carriedOut(plan, tag);
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
            session.carriedOut(plan, tag);
        } else {
            session.notCarriedOut(plan, error);
        }
    }

    private PreparedCommit together(List<PreparedCommit.Part> parts) {
        return new PreparedCommit(
                front.twoPhase(), database.name(), parts, loop, database.rules().twoPhaseTimeout());
    }

    /** A query of rows on every shard; throws when it cannot be one. */
    void scatter(GroupPlan plan, MergePlan merge, boolean outsideTransaction) throws SqlException {
        if (!outsideTransaction) {
            plan.refuseEverywhere();
        }
        Scatter started = new Scatter(
                session, front, channel, database, servers, settings.get(), front.cachesOf(loop), plan, merge);
        front.metrics().scattered.inc();
        session.carryOut();
        scatter = started;
        started.run();
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
                session.carriedOut(plan, wish.on() ? "LISTEN" : "UNLISTEN");
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
