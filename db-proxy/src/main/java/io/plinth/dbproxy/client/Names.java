package io.plinth.dbproxy.client;

import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A client's names of prepared statements and portals. What is sent but not yet confirmed by a server is kept apart and
 * dropped at the next ReadyForQuery, so a failed Parse leaves no name behind. Owned by the session's event loop.
 */
final class Names {
    private final int limit;
    private final Map<String, PreparedStatement> confirmed = new HashMap<>();
    private final Map<String, Optional<PreparedStatement>> sent = new HashMap<>();
    private final Map<String, PreparedStatement> portals = new HashMap<>();

    Names(int limit) {
        this.limit = limit;
    }

    private @Nullable PreparedStatement lookup(String name) {
        Optional<PreparedStatement> newest = sent.get(name);
        return newest == null ? confirmed.get(name) : newest.orElse(null);
    }

    void parse(String name, PreparedStatement statement) throws SqlException {
        if (!name.isEmpty() && lookup(name) != null) {
            throw new SqlException("42P05", "prepared statement \"" + name + "\" already exists");
        }
        if (confirmed.size() + sent.size() >= limit + 1) {
            throw new SqlException(
                    SqlError.LIMIT_EXCEEDED,
                    "prepared statements of one client: more than " + limit + " (prepared-statements)");
        }
        sent.put(name, Optional.of(statement));
    }

    PreparedStatement statement(String name) throws SqlException {
        PreparedStatement statement = lookup(name);
        if (statement == null) {
            throw new SqlException(
                    "26000",
                    name.isEmpty()
                            ? "unnamed prepared statement does not exist"
                            : "prepared statement \"" + name + "\" does not exist");
        }
        return statement;
    }

    void close(String name) {
        sent.put(name, Optional.empty());
    }

    void bind(String portal, PreparedStatement statement) throws SqlException {
        if (portals.size() >= limit) {
            throw new SqlException(SqlError.LIMIT_EXCEEDED, "portals of one transaction: more than " + limit);
        }
        portals.put(portal, statement);
    }

    @Nullable
    PreparedStatement portal(String name) {
        return portals.get(name);
    }

    void confirm(String name, PreparedStatement statement) {
        confirmed.put(name, statement);
    }

    void remove(String name) {
        confirmed.remove(name);
    }

    /** Whether a server's or our own confirmation made this name. */
    boolean has(String name) {
        return confirmed.containsKey(name);
    }

    void forgetUnnamed() {
        confirmed.remove("");
        sent.remove("");
    }

    /** At ReadyForQuery: what was not confirmed by now never will be. */
    void settle(boolean transactionOver) {
        sent.clear();
        if (transactionOver) {
            portals.clear();
        }
    }

    void clear() {
        confirmed.clear();
        sent.clear();
        portals.clear();
    }
}
