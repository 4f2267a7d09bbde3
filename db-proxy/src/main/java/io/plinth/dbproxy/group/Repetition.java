package io.plinth.dbproxy.group;

import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.wire.SqlError;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The group sent last, for as long as it may be sent again: it provably has not run, and the client has heard nothing of
 * it. Owned by the session's event loop.
 */
public final class Repetition {
    private static final String STALE = "cached plan must not change result type";

    private @Nullable GroupPlan sent;

    /** {@code whole}: the group is all there is of its transaction. */
    public void sent(GroupPlan plan, boolean whole) {
        sent = whole ? plan : null;
    }

    /** The client has been told something. */
    public void told() {
        sent = null;
    }

    /** Whether the error means that nothing has run and another try may do better. */
    public boolean helps(SqlError error, @Nullable ServerConnection server, boolean standby) {
        GroupPlan plan = sent;
        if (plan == null || server == null) {
            return false;
        }
        if (error.code().equals(SqlError.NOT_SUPPORTED) && error.message().equals(STALE)) {
            plan.steps().stream()
                    .map(GroupPlan.Step::statement)
                    .filter(Objects::nonNull)
                    .forEach(server.prepared()::stale);
            return true;
        }
        return error.code().equals(SqlError.READ_ONLY)
                && standby
                && !server.key().replica();
    }

    /** The group to send again, once. */
    @Nullable
    public GroupPlan take() {
        GroupPlan plan = sent;
        sent = null;
        return plan;
    }
}
