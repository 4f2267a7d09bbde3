package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Adds up where the statements of one group must go: all to one shard. Owned by the group's planning; used once.
 */
public final class Router {
    private final Topology topology;
    private final @Nullable String attached;
    private final boolean moves;
    private @Nullable String shard;
    private String because = "";
    private @Nullable String hint;
    private boolean readOnly = true;

    /** {@code attached} is the shard of the open transaction, or null. */
    public Router(Topology topology, @Nullable String attached) {
        this(topology, attached, false);
    }

    /** {@code moves} is whether the open transaction may go on to another shard. */
    public Router(Topology topology, @Nullable String attached, boolean moves) {
        this.topology = topology;
        this.attached = attached;
        this.moves = moves;
    }

    /** A statement that will run; {@code bound} null in the simple protocol. */
    public void run(StatementPlan plan, @Nullable Bound bound) throws SqlException {
        readOnly &= plan.readOnly();
        switch (plan.need()) {
            case StatementPlan.Unsharded _ -> require(topology.defaultShard(), "a table that is not sharded");
            case StatementPlan.Anywhere _ -> {}
            case StatementPlan.Hinted(String wanted) -> {
                if (!topology.shards().contains(wanted)) {
                    throw new SqlException(new SqlError(
                            SqlError.NOT_SUPPORTED,
                            "hint: shard=" + wanted + " (expected: one of " + String.join(", ", topology.shards())
                                    + ")",
                            "Mend the comment that begins with plinth:, or leave it out."));
                }
                require(wanted, "a hint");
            }
            case StatementPlan.Placed placed ->
                require(placed.shard(), placed.table().name());
            case StatementPlan.Everywhere everywhere ->
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        (everywhere.answer() == StatementPlan.Answer.LAST ? "a definition of " : "a change of table ")
                                + everywhere.what()
                                + " on every shard must be alone, outside a transaction",
                        "It runs on every shard; send it by itself."));
            case StatementPlan.Copying copying ->
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "COPY of sharded table " + copying.copy().table().name()
                                + " must be alone, outside a transaction",
                        "Send it by itself."));
            case Refused refused -> throw refusal(refused);
            case StatementPlan.Scattered scattered ->
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "a query of sharded table " + scattered.table().name()
                                + " on every shard must be alone, outside a transaction",
                        "Name " + scattered.table().key() + ", or send it by itself."));
            case Keyed keyed -> keyed(keyed, bound);
        }
    }

    private void keyed(Keyed keyed, @Nullable Bound bound) throws SqlException {
        boolean placed = false;
        for (ShardKey key : keyed.keys()) {
            String why = key.table().name() + " by " + key.table().key();
            if (!Places.several(key)) {
                String at = Places.one(key, bound, topology);
                if (at == null && keyed.rows() != null) {
                    throw Places.nowhere(key.table());
                }
                if (at != null) {
                    require(at, why);
                    placed = true;
                }
                continue;
            }
            for (String at : Places.of(List.of(key), bound, topology)) {
                require(at, why);
                placed = true;
            }
        }
        if (!placed && shard == null && attached == null) {
            // No row has such a key, whichever server is asked.
            require(topology.defaultShard(), "no row has that key");
        }
    }

    /** A statement that is parsed or described only: any server that has its tables will do. */
    public void look(StatementPlan plan) throws SqlException {
        readOnly &= plan.readOnly();
        if (plan.need() instanceof Refused refused) {
            throw refusal(refused);
        }
        if (plan.need() instanceof StatementPlan.Placed placed) {
            hint = placed.shard();
        }
        hint = hint == null && plan.need() instanceof StatementPlan.Unsharded ? topology.defaultShard() : hint;
    }

    private static SqlException refusal(Refused refused) {
        return new SqlException(new SqlError(SqlError.NOT_SUPPORTED, refused.message(), refused.hint()));
    }

    private void require(String wanted, String why) throws SqlException {
        String before = shard == null && !moves ? attached : shard;
        if (before != null && !before.equals(wanted)) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    (shard == null ? "this transaction is on shard " : "the statement needs shard ") + before
                            + (because.isEmpty() ? "" : " (" + because + ")") + " and shard " + wanted + " (" + why
                            + ")",
                    "A transaction, a pipeline and a statement stay on one shard: use one key, or one transaction for"
                            + " each shard."));
        }
        shard = wanted;
        because = why;
    }

    /** Whether nothing that was added needs a server's tables to be of any particular shard. */
    public boolean undecided() {
        return shard == null && hint == null;
    }

    /** The shard to go to. */
    public String shard() {
        if (shard != null) {
            return shard;
        }
        if (attached != null) {
            return attached;
        }
        return hint == null ? topology.defaultShard() : hint;
    }

    /** Whether a replica may serve all of it. */
    public boolean readOnly() {
        return readOnly;
    }
}
