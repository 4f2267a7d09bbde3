package io.plinth.dbproxy.server;

import io.plinth.dbproxy.route.SqlPlan;

/**
 * A text of SQL with parameter types, known on an event loop under one name for every client and server connection.
 * Immutable; compared by identity.
 */
public final class PreparedStatement {
    private final String serverName;
    private final byte[] sql;
    private final int[] types;
    private final SqlPlan plan;

    public PreparedStatement(long id, byte[] sql, int[] types, SqlPlan plan) {
        this.serverName = "plinth_" + id;
        this.sql = sql;
        this.types = types;
        this.plan = plan;
    }

    /** Its name on server connections, when the client has named it. */
    public String serverName() {
        return serverName;
    }

    public byte[] sql() {
        return sql;
    }

    public int[] types() {
        return types;
    }

    public SqlPlan plan() {
        return plan;
    }
}
