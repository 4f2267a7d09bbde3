package io.plinth.dbproxy.client;

import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;

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
        switch (plan.kind()) {
            case COMMIT -> {
                if (tag.equals("COMMIT")) {
                    settings.commit();
                } else {
                    settings.rollback();
                }
            }
            case ROLLBACK -> settings.rollback();
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
            case StatementPlan.ResetAll _ -> {
                settings.reset();
                if (server != null) {
                    server.applied(Settings.NONE);
                }
            }
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
            case StatementPlan.Deallocate _ -> {}
            case StatementPlan.Pin _ -> servers.pin();
        }
    }

    void failed() {
        failed = true;
    }

    /** {@code over}: the server is outside a transaction. */
    void ready(boolean over) {
        if (!over) {
            return;
        }
        ServerConnection server = servers.attached();
        boolean same = server != null && server.applied() == settings.wanted();
        if (failed) {
            settings.rollback();
        } else {
            settings.commit();
        }
        failed = false;
        // The server's session went through the very same changes.
        if (server != null && same) {
            server.applied(settings.wanted());
        }
    }
}
