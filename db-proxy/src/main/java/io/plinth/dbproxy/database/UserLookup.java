package io.plinth.dbproxy.database;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.pool.ServerPool;
import io.plinth.dbproxy.pool.Waiter;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks servers about users that are not configured. Stateless; called on event loops. */
public final class UserLookup {
    private static final Logger LOG = LoggerFactory.getLogger(UserLookup.class);

    private static final long PAUSED_MILLIS = 100;

    private final PoolDirectory pools;
    private final LongSupplier nanoTime;

    public UserLookup(PoolDirectory pools, LongSupplier nanoTime) {
        this.pools = pools;
        this.nanoTime = nanoTime;
    }

    /**
     * Hands over what {@code auth-query} finds of a user's password, null for nothing.
     *
     * @param wanted whether the client is still there
     */
    public void find(
            EventLoop loop, Database database, String user, BooleanSupplier wanted, Consumer<@Nullable String> found) {
        Database.Lookup lookup = database.lookup();
        if (lookup == null) {
            found.accept(null);
            return;
        }
        String name = "'" + user.replace("'", "''") + "'";
        String sql = lookup.sql().replace("$1", user.indexOf('\\') < 0 ? name : "E" + name.replace("\\", "\\\\"));
        with(
                loop,
                database,
                lookup.key(),
                wanted,
                found,
                (pool, connection) -> connection.inject(sql, outcome -> {
                    SqlError error = outcome.error();
                    pool.release(connection);
                    if (error != null) {
                        LOG.warn("auth-query failed: {} - database={}", error, database.name());
                    }
                    boolean one = error == null
                            && outcome.rows().size() == 1
                            && outcome.rows().getFirst().size() >= 2;
                    found.accept(one ? outcome.rows().getFirst().get(1) : null);
                }));
    }

    private interface Use {
        void with(ServerPool pool, ServerConnection connection);
    }

    private void with(
            EventLoop loop,
            Database database,
            ServerKey key,
            BooleanSupplier wanted,
            Consumer<@Nullable String> failed,
            Use use) {
        passGate(loop, database, wanted, () -> {
            ServerPool pool = pools.of(loop).pool(key, database.rules().pool());
            pool.acquire(new Waiter(nanoTime.getAsLong(), connection -> use.with(pool, connection), why -> {
                LOG.warn("a user could not be looked up: {} - database={}", why, database.name());
                failed.accept(null);
            }));
        });
    }

    /** Logins wait for the end of a pause like everybody, for as long as the client does. */
    private static void passGate(EventLoop loop, Database database, BooleanSupplier wanted, Runnable next) {
        if (!database.gate().paused()) {
            next.run();
        } else if (wanted.getAsBoolean()) {
            loop.schedule(() -> passGate(loop, database, wanted, next), PAUSED_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Tries a user's password on the default shard's primary; tells why it is not taken, or null. */
    public void accepts(
            EventLoop loop,
            Database database,
            Database.User user,
            BooleanSupplier wanted,
            Consumer<@Nullable SqlError> told) {
        ServerKey key = user.servers(database.topology().defaultShard()).primary();
        passGate(loop, database, wanted, () -> {
            ServerPool pool = pools.of(loop).pool(key, database.rules().pool());
            pool.acquire(new Waiter(
                    nanoTime.getAsLong(),
                    connection -> {
                        pool.release(connection);
                        told.accept(null);
                    },
                    told));
        });
    }
}
