package io.plinth.dbproxy.commit;

import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The shards of one session's transaction beside the one it is on at the moment. Owned by the session's event loop.
 *
 * <p>Savepoints, cursors and settings are of one server's session: a transaction that has made one stays on its shard, and
 * one that is on several may make none.
 */
public final class Spread {
    private final Map<String, PreparedCommit.Part> others = new LinkedHashMap<>();
    private final Set<ServerConnection> keeping = new HashSet<>();
    private @Nullable String fixed;

    /** Whether the transaction is on more than one shard. */
    public boolean several() {
        return !others.isEmpty();
    }

    /** What runs next leaves {@code what} behind, or null for nothing of the kind. */
    public void leaves(@Nullable String what) throws SqlException {
        if (what != null && several()) {
            throw refusal(what + " in a transaction on several shards");
        }
        fixed = fixed == null ? what : fixed;
    }

    /** Throws when the transaction cannot go on to a further shard. */
    public void demandMovable() throws SqlException {
        if (fixed != null) {
            throw refusal("going on to another shard after " + fixed + " in the same transaction");
        }
    }

    private static SqlException refusal(String what) {
        return new SqlException(new SqlError(
                SqlError.NOT_SUPPORTED,
                what + " is not supported",
                "Do without it, or use one transaction for each shard."));
    }

    /** The session leaves this shard for another one, and may come back. */
    public void park(ServerConnection connection, boolean wrote) {
        others.put(connection.key().shard(), new PreparedCommit.Part(connection, wrote));
    }

    /** The session goes back to a shard; null when it has not been there. */
    public PreparedCommit.@Nullable Part back(String shard) {
        return others.remove(shard);
    }

    /** The connection on a shard that the transaction has left, or null. */
    public @Nullable ServerConnection on(String shard) {
        PreparedCommit.Part part = others.get(shard);
        return part == null ? null : part.connection();
    }

    /** Whether the transaction may have written on a shard that it has left. */
    public boolean wrote(String shard) {
        PreparedCommit.Part part = others.get(shard);
        return part != null && part.wrote();
    }

    /** Whether the session keeps the connection when the transaction that it was surrendered with is over. */
    public void keep(ServerConnection connection, boolean on) {
        if (on) {
            keeping.add(connection);
        }
    }

    /** Whether it is to be kept, asked once. */
    public boolean kept(ServerConnection connection) {
        return keeping.remove(connection);
    }

    /** All that were left; the transaction is over for this session. */
    public List<PreparedCommit.Part> clear() {
        List<PreparedCommit.Part> all = new ArrayList<>(others.values());
        others.clear();
        fixed = null;
        return all;
    }

    /** Opens on {@code to} the transaction that is open on {@code from}. */
    public static void join(
            ServerConnection from,
            ServerConnection to,
            Settings settings,
            Duration lockTimeout,
            Consumer<@Nullable SqlError> done) {
        // No server sees that two transactions wait for each other on two shards: the locks' time limit ends it.
        String limit = "SELECT pg_catalog.set_config('lock_timeout', CASE pg_catalog.current_setting('lock_timeout')"
                + " WHEN '0' THEN '" + lockTimeout.toMillis()
                + "' ELSE pg_catalog.current_setting('lock_timeout') END, true),"
                + " pg_catalog.current_setting('transaction_isolation'),"
                + " pg_catalog.current_setting('transaction_read_only')";
        step(from, limit, done, outcome -> {
            List<@Nullable String> row = outcome.rows().getFirst();
            String begin = "BEGIN ISOLATION LEVEL " + row.get(1) + ("on".equals(row.get(2)) ? " READ ONLY" : "");
            String changes = to.applied().towards(settings);
            step(to, changes.isEmpty() ? ";" : changes, done, set -> {
                to.applied(settings);
                step(to, begin, done, begun -> step(to, limit, done, limited -> done.accept(null)));
            });
        });
    }

    private static void step(
            ServerConnection connection,
            String sql,
            Consumer<@Nullable SqlError> done,
            Consumer<Expectation.Outcome> next) {
        if (!connection.open()) {
            done.accept(SqlError.of(
                    SqlError.CONNECTION_FAILURE,
                    "connection to server " + connection.key().name() + " was lost"));
            return;
        }
        connection.inject(sql, outcome -> {
            if (outcome.error() == null) {
                next.accept(outcome);
            } else {
                done.accept(outcome.error());
            }
        });
    }
}
