package io.plinth.dbproxy.client;

import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.session.SessionSettings;
import org.jspecify.annotations.Nullable;

/**
 * What completed statements leave behind in the session: settings to set again elsewhere, or a reason to keep the server
 * connection. Owned by the session's event loop.
 */
final class Effects {
    private final Names names;
    private final SessionSettings settings;
    private final Servers servers;
    private boolean failed;

    Effects(Names names, SessionSettings settings, Servers servers) {
        this.names = names;
        this.settings = settings;
        this.servers = servers;
    }

    void completed(StatementPlan plan, String tag) {
        if (tag.equals("COMMIT") || tag.equals("CALL") || tag.equals("DO")) {
            // The client may know before the server is ready, and a procedure may commit by itself.
            servers.writes().committed(servers.attached());
        }
        switch (plan.kind()) {
            case COMMIT -> {
                failed = false;
                if (tag.equals("COMMIT")) {
                    commit();
                } else {
                    settings.rollback();
                }
            }
            case ROLLBACK -> {
                failed = false;
                settings.rollback();
            }
            case ROLLBACK_TO -> {
                failed = false;
                if (settings.hasPending()) {
                    // Which of the settings the savepoint undoes is the server's to know.
                    settings.rollback();
                    servers.pin();
                }
            }
            default -> {}
        }
        ServerConnection server = servers.attached();
        switch (plan.effect()) {
            case StatementPlan.NoEffect _ -> {}
            case StatementPlan.Setting setting -> settings.change(setting);
            case StatementPlan.Settings several -> several.all().forEach(settings::change);
            case StatementPlan.ResetAll _ -> settings.changeAll();
            case StatementPlan.DiscardAll _ -> {
                settings.reset();
                names.clear();
                servers.unpin();
                if (server != null) {
                    server.prepared().clear();
                    server.applied(Settings.NONE);
                }
            }
            case StatementPlan.DeallocateAll _ -> {
                names.clear();
                if (server != null) {
                    server.prepared().clear();
                }
            }
            case StatementPlan.Deallocate _, StatementPlan.SqlExecute _ -> {}
            case StatementPlan.SqlPrepare prepare -> {
                PreparedStatement made = names.sent(prepare.name());
                if (made == null || server == null) {
                    servers.pin();
                } else {
                    names.confirm(prepare.name(), made);
                    server.prepared().add(made);
                }
            }
            case StatementPlan.Listen listen -> {
                if (listen.on()) {
                    servers.pin();
                }
            }
            case StatementPlan.Pin pin -> pin(plan, pin);
        }
    }

    private void pin(StatementPlan plan, StatementPlan.Pin pin) {
        // AND CHAIN leaves a transaction open, which keeps the connection by itself.
        boolean chain = plan.kind() == StatementPlan.Kind.COMMIT || plan.kind() == StatementPlan.Kind.ROLLBACK;
        if (pin.keeps() && !chain) {
            servers.pin();
        }
    }

    /** {@code begun} may have run for a while: the advisory locks it took until then outlive its rollback. */
    void failed(@Nullable StatementPlan begun) {
        failed = true;
        if (begun != null && begun.effect() instanceof StatementPlan.Pin pin) {
            pin(begun, pin);
        }
    }

    /** {@code over}: the server is outside a transaction. */
    void ready(boolean over) {
        if (!over) {
            return;
        }
        if (failed) {
            settings.rollback();
        } else {
            commit();
        }
        failed = false;
        settings.unexplained().forEach(settings::change);
        commit();
        settings.unexplained();
    }

    /** The server's session went through the very same changes as the client's; a reset there knows no start-up. */
    private void commit() {
        ServerConnection server = servers.attached();
        if (server != null && settings.hasPending()) {
            server.applied(settings.changed(server.applied(), Settings.NONE));
        }
        settings.commit();
    }
}
