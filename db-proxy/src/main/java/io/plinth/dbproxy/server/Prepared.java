package io.plinth.dbproxy.server;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Statements a server connection has, or will have once all sent to it has succeeded. Owned by its event loop. */
public final class Prepared {
    private final int limit;
    private final LinkedHashMap<PreparedStatement, Boolean> named = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<PreparedStatement> stale = new HashSet<>();
    private @Nullable PreparedStatement unnamed;

    Prepared(int limit) {
        this.limit = limit;
    }

    /** How many have a name of their own. */
    public int count() {
        return named.size();
    }

    /** Whether the server has it under its own name; counts as a use. */
    public boolean has(PreparedStatement statement) {
        return named.get(statement) != null;
    }

    /** The server's plan of it is of no use any more: it is closed before it is parsed again. */
    public void stale(PreparedStatement statement) {
        if (named.remove(statement) != null) {
            stale.add(statement);
        }
    }

    /** Whether the statement must be closed first; asked once. */
    public boolean wasStale(PreparedStatement statement) {
        return stale.remove(statement);
    }

    public void add(PreparedStatement statement) {
        named.put(statement, true);
    }

    public void remove(PreparedStatement statement) {
        named.remove(statement);
    }

    /** Takes out the least recently used one when there are too many. */
    public @Nullable PreparedStatement evict() {
        if (named.size() <= limit) {
            return null;
        }
        Iterator<PreparedStatement> eldest = named.keySet().iterator();
        PreparedStatement statement = eldest.next();
        eldest.remove();
        return statement;
    }

    public @Nullable PreparedStatement unnamed() {
        return unnamed;
    }

    public void unnamed(PreparedStatement statement) {
        unnamed = statement;
    }

    public void forgetUnnamed() {
        unnamed = null;
    }

    public void clear() {
        named.clear();
        stale.clear();
        unnamed = null;
    }
}
