package io.plinth.dbproxy.pool;

import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.wire.SqlError;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One client's wish for a server connection. Owned by its event loop; answered at most once. */
public final class Waiter {
    private final Consumer<ServerConnection> granted;
    private final Consumer<SqlError> refused;
    final long sinceNanos;
    boolean answered;

    @Nullable
    Future<?> timeout;

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
        Future<?> running = timeout;
        if (running != null) {
            running.cancel(false);
        }
    }
}
