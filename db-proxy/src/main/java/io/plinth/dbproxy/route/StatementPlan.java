package io.plinth.dbproxy.route;

import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.shard.ShardedTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one statement before it runs.
 *
 * @param readOnly whether it surely changes nothing and needs nothing that only a primary has
 * @param need which shards it concerns
 * @param effect what it leaves behind in its session
 */
public record StatementPlan(Kind kind, boolean readOnly, Need need, Effect effect) {
    /** What matters of a statement's kind to the conversation. */
    public enum Kind {
        BEGIN,
        COMMIT,
        ROLLBACK,
        ROLLBACK_TO,
        /** Inside whatever transaction there is, and as neutral as it: savepoints, FETCH, CLOSE, SET LOCAL. */
        NEUTRAL,
        COPY_IN,
        DEALLOCATE,
        OTHER
    }

    /** Which shards a statement concerns. */
    public sealed interface Need {}

    /** No sharded table: the default shard. */
    public record Unsharded() implements Need {}

    /** Wherever the transaction is; the default shard otherwise. */
    public record Anywhere() implements Need {}

    /**
     * The shard of every one of these keys, which must be one.
     *
     * @param rows where the rows that have these keys stand, when each shard could be sent its own; or null
     */
    public record Keyed(List<ShardKey> keys, @Nullable RowSpans rows) implements Need {
        public Keyed {
            keys = List.copyOf(keys);
        }

        Keyed(List<ShardKey> keys) {
            this(keys, null);
        }
    }

    /** Every shard, all or none. */
    public record Everywhere(ShardedTable table) implements Need {}

    /** A query of rows on every shard. */
    public record Scattered(MergePlan merge, ShardedTable table) implements Need {}

    /** The shard that the client's comment names. */
    public record Hinted(String shard) implements Need {}

    /** Cannot be routed so that its answer is right. */
    public record Refused(String message, String hint) implements Need {}

    /** A value of a sharded table's key. */
    public sealed interface ShardKey {
        ShardedTable table();
    }

    public record Constant(ShardedTable table, long hash) implements ShardKey {}

    /** {@code index} counts from 0. */
    public record Parameter(ShardedTable table, int index) implements ShardKey {}

    /** What a statement leaves behind in its session. */
    public sealed interface Effect {}

    public record NoEffect() implements Effect {}

    /** A session setting; {@code sql} sets it again, null for its reset. */
    public record Setting(String name, @Nullable String sql) implements Effect {}

    public record Settings(List<Setting> all) implements Effect {
        public Settings {
            all = List.copyOf(all);
        }
    }

    public record ResetAll() implements Effect {}

    public record DiscardAll() implements Effect {}

    public record DeallocateAll() implements Effect {}

    public record Deallocate(String name) implements Effect {}

    /** LISTEN, or UNLISTEN of a channel or of all ({@code *}). */
    public record Listen(String channel, boolean on) implements Effect {}

    /**
     * PREPARE.
     *
     * @param definition what follows the name
     * @param sql the statement inside
     */
    public record SqlPrepare(String name, String definition, String sql) implements Effect {}

    /**
     * EXECUTE.
     *
     * @param arguments what follows the name
     */
    public record SqlExecute(String name, String arguments) implements Effect {}

    /**
     * Something only this very server session has.
     *
     * @param reason says what
     * @param keeps whether it outlives the transaction
     * @param past the function that answers with what happened in the session before, or null
     */
    public record Pin(
            String reason, boolean keeps, @Nullable String past) implements Effect {
        Pin(String reason) {
            this(reason, true, null);
        }

        /** Needs the session that has been used so far, and leaves nothing behind. */
        static Pin past(String function) {
            return new Pin(function, false, function);
        }

        private Pin and(Pin other) {
            return new Pin(other.reason, keeps || other.keeps, other.past == null ? past : other.past);
        }
    }

    public static final Need UNSHARDED = new Unsharded();
    public static final Need ANYWHERE = new Anywhere();
    public static final Effect NONE = new NoEffect();

    static StatementPlan read(Need need) {
        return new StatementPlan(Kind.OTHER, true, need, NONE);
    }

    static StatementPlan write(Need need) {
        return new StatementPlan(Kind.OTHER, false, need, NONE);
    }

    static StatementPlan neutral(Kind kind) {
        return new StatementPlan(kind, true, ANYWHERE, NONE);
    }

    /** What is pinned is pinned to a primary: on a replica the session could not write any more. */
    StatementPlan with(Effect other) {
        if (other instanceof Pin pin) {
            return new StatementPlan(kind, false, need, effect instanceof Pin before ? before.and(pin) : pin);
        }
        if (other instanceof Listen || other instanceof SqlPrepare || other instanceof SqlExecute) {
            return new StatementPlan(kind, false, need, other);
        }
        return new StatementPlan(kind, readOnly, need, other);
    }

    StatementPlan refused(String message, String hint) {
        return new StatementPlan(kind, readOnly, new Refused(message, hint), effect);
    }
}
