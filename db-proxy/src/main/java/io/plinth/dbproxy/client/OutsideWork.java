package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.Settings;
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
    private @Nullable Broadcast broadcast;

    OutsideWork(
            ClientSession session,
            Front front,
            Database database,
            Servers servers,
            Supplier<Settings> settings,
            Subscriptions subscriptions,
            EventLoop loop) {
        this.session = session;
        this.front = front;
        this.database = database;
        this.servers = servers;
        this.settings = settings;
        this.subscriptions = subscriptions;
        this.loop = loop;
    }

    void everywhere(GroupPlan plan, PreparedStatement definition) {
        front.metrics().everywhere.inc();
        Broadcast started = new Broadcast(database, servers, settings.get(), definition, loop);
        broadcast = started;
        started.run(
                tag -> {
                    broadcast = null;
                    servers.wroteEverywhere();
                    session.carriedOut(plan, tag);
                },
                error -> {
                    broadcast = null;
                    session.notCarriedOut(plan, error);
                });
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
    boolean cancel() {
        Broadcast everywhere = broadcast;
        if (everywhere == null) {
            return false;
        }
        everywhere.cancel(front.cancelSender());
        return true;
    }
}
