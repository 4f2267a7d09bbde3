package io.plinth.dbproxy.session;

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
public final class Names {
    private final int limit;
    private final Map<String, PreparedStatement> confirmed = new HashMap<>();
    private final Map<String, Optional<PreparedStatement>> sent = new HashMap<>();
    private final Map<String, PreparedStatement> portals = new HashMap<>();

    public Names(int limit) {
        this.limit = limit;
    }

    private @Nullable PreparedStatement lookup(String name) {
        Optional<PreparedStatement> newest = sent.get(name);
        return newest == null ? confirmed.get(name) : newest.orElse(null);
    }

    public void parse(String name, PreparedStatement statement) throws SqlException {
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

    public PreparedStatement statement(String name) throws SqlException {
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

    public void close(String name) {
        sent.put(name, Optional.empty());
    }

    public void bind(String portal, PreparedStatement statement) throws SqlException {
        if (portals.size() >= limit) {
            throw new SqlException(SqlError.LIMIT_EXCEEDED, "portals of one transaction: more than " + limit);
        }
        portals.put(portal, statement);
    }

    @Nullable
    public PreparedStatement portal(String name) {
        return portals.get(name);
    }

    public void confirm(String name, PreparedStatement statement) {
        confirmed.put(name, statement);
    }

    public void remove(String name) {
        confirmed.remove(name);
    }

    /** What is sent under this name and not confirmed; null for nothing. */
    @Nullable
    public PreparedStatement sent(String name) {
        return sent.getOrDefault(name, Optional.empty()).orElse(null);
    }

    /** Statements that have a name. */
    public int count() {
        return confirmed.size();
    }

    /** Whether a server's or our own confirmation made this name. */
    public boolean has(String name) {
        return confirmed.containsKey(name);
    }

    public void forgetUnnamed() {
        confirmed.remove("");
        sent.remove("");
    }

    /** At ReadyForQuery: what was not confirmed by now never will be. */
    public void settle(boolean transactionOver) {
        sent.clear();
        if (transactionOver) {
            portals.clear();
        }
    }

    public void clear() {
        confirmed.clear();
        sent.clear();
        portals.clear();
    }
}
