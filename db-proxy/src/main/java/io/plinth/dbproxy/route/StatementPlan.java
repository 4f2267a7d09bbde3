package io.plinth.dbproxy.route;

import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.shard.ShardedCopy;
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
     * The shard of every one of these keys.
     *
     * @param rows where the rows that have these keys stand in an INSERT, each of which goes to its shard; or null
     * @param spread what it is where the keys are on several shards, or null when they must be on one
     */
    public record Keyed(
            List<ShardKey> keys,
            @Nullable RowSpans rows,
            @Nullable Need spread) implements Need {
        public Keyed {
            keys = List.copyOf(keys);
        }

        Keyed(List<ShardKey> keys) {
            this(keys, null, null);
        }
    }

    /** The shard that has the whole table. */
    public record Placed(ShardedTable table, String shard) implements Need {}

    /**
     * Every shard, all or none.
     *
     * @param what the table's name, or what else is defined
     * @param others what the shards but the default one are sent instead, or null for the same
     * @param counts the table whose columns that count get numbers of which no two shards have one, or null
     */
    public record Everywhere(
            String what,
            Answer answer,
            @Nullable String others,
            @Nullable String counts) implements Need {
        Everywhere(String what, Answer answer, @Nullable String others) {
            this(what, answer, others, null);
        }
    }

    /** COPY of rows that are on several shards; {@code merge} null where they need not be merged. */
    public record Copying(ShardedCopy copy, @Nullable MergePlan merge) implements Need {}

    /** What the client is told of what several shards answered. */
    public enum Answer {
        /** Of a definition: that it is done. */
        LAST,
        /** All have done the same: what the first one says. */
        FIRST,
        /** Each has done its part: all rows, and their number. */
        SUM
    }

    /** A query of rows on every shard. */
    public record Scattered(MergePlan merge, ShardedTable table) implements Need {}

    /** The shard that the client's comment names. */
    public record Hinted(String shard) implements Need {}

    /** Cannot be routed so that its answer is right. */
    public record Refused(String message, String hint) implements Need {}

    /**
     * A key of a sharded table: a value for each of its columns.
     *
     * @param stored whether it is a new row's, not what rows are looked for by
     */
    public record ShardKey(ShardedTable table, List<Part> parts, boolean stored) {
        public ShardKey {
            parts = List.copyOf(parts);
        }

        ShardKey(ShardedTable table, List<Part> parts) {
            this(table, parts, false);
        }
    }

    /** The value of one column of a key. */
    public sealed interface Part {}

    /** As {@link io.plinth.dbproxy.shard.KeyType} has values. */
    public record Constant(Object value) implements Part {}

    /** {@code index} counts from 0. */
    public record Parameter(int index) implements Part {}

    /** Each element of the array that parameter {@code index} is. */
    public record Elements(int index) implements Part {}

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

    /** The need of a statement around this one: what each shard is sent of this one alone would lose the outer. */
    Need onOneShard() {
        return need instanceof Keyed keyed ? new Keyed(keyed.keys()) : need;
    }

    StatementPlan refused(String message, String hint) {
        return new StatementPlan(kind, readOnly, new Refused(message, hint), effect);
    }
}
