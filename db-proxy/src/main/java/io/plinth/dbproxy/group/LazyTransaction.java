package io.plinth.dbproxy.group;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A transaction that the client has begun and no server knows of yet: its first statement decides on the server. Owned by
 * the session's event loop.
 */
public final class LazyTransaction {
    private byte @Nullable [] sql;
    private SqlPlan.@Nullable Begin how;
    private boolean failed;

    /** Whether there is none. */
    public boolean none() {
        return sql == null && !failed;
    }

    public byte status() {
        return failed ? Backend.FAILED : sql != null ? Backend.IN_TRANSACTION : Backend.IDLE;
    }

    public void demandNotFailed() throws SqlException {
        if (failed) {
            throw new SqlException(
                    "25P02", "current transaction is aborted, commands ignored until end of transaction block");
        }
    }

    /** Refuses what several shards would answer, each with a view of its own, where the transaction wants one view. */
    public void demandOneView(Parting parting) throws SqlException {
        byte[] beginning = sql;
        if (beginning == null || !(parting instanceof Parting.Query)) {
            return;
        }
        String text = new String(beginning, StandardCharsets.UTF_8).toLowerCase(Locale.ROOT);
        if (text.contains("repeatable") || text.contains("serializable")) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    "a query over several shards inside such a transaction is not supported",
                    "Use READ COMMITTED, or ask outside the transaction."));
        }
    }

    /** An error of ours has ended it, or the one that {@code begins} in the same group. */
    public void fail(boolean begins) {
        failed |= sql != null || begins;
        sql = null;
    }

    /** Gives the beginning to a server, which knows the transaction from then on. */
    public byte @Nullable [] handOver() {
        byte[] beginning = sql;
        sql = null;
        return beginning;
    }

    /** Answers a lone BEGIN, COMMIT or ROLLBACK that no server has to see; false when one has to. */
    public boolean answer(GroupPlan plan, StatementPlan only, LocalReplies replies) {
        if (!(only.effect() instanceof StatementPlan.NoEffect)) {
            return false;
        }
        boolean query = plan.steps().getFirst().message() instanceof ClientMessage.Query;
        return switch (only.kind()) {
            case BEGIN -> {
                PreparedStatement statement = plan.steps().getFirst().statement();
                if (!query || plan.begin() == null || !none() || statement == null) {
                    yield false;
                }
                sql = statement.sql();
                how = plan.begin();
                replies.write(plan, "BEGIN");
                yield true;
            }
            case COMMIT, ROLLBACK -> {
                if (none()) {
                    yield false;
                }
                boolean commits = only.kind() == StatementPlan.Kind.COMMIT && !failed;
                sql = null;
                failed = false;
                replies.write(plan, commits ? "COMMIT" : "ROLLBACK");
                yield true;
            }
            default -> false;
        };
    }

    /** Whether a replica may serve the group, as far as the transaction is concerned. */
    public boolean replicaWill(GroupPlan plan, Settings settings) {
        boolean begun = sql != null || plan.begins();
        SqlPlan.Begin beginning = sql != null ? how : plan.begins() ? plan.begin() : null;
        boolean serializable = settings.serializable() || (beginning != null && beginning.serializable());
        if (!plan.readOnly() || serializable) {
            return false;
        }
        if (!begun) {
            return true;
        }
        if (beginning == null) {
            return false;
        }
        Boolean said = beginning.readOnly();
        return said == null ? settings.readOnly() : said;
    }
}
