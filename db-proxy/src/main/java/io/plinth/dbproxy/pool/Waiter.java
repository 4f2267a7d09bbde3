package io.plinth.dbproxy.pool;

import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.wire.SqlError;
import java.util.function.Consumer;

/** One client's wish for a server connection. Owned by its event loop; answered at most once. */
public final class Waiter {
    private final Consumer<ServerConnection> granted;
    private final Consumer<SqlError> refused;
    final long sinceNanos;
    /** When it has waited for too long. */
    long deadline;

    boolean answered;

    public Waiter(long nowNanos, Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
        this.sinceNanos = nowNanos;
        this.granted = granted;
        this.refused = refused;
    }

    void grant(ServerConnection connection) {
        end();
        granted.accept(connection);
    }

    void refuse(SqlError error) {
        end();
        refused.accept(error);
    }

    void end() {
        answered = true;
    }
}
