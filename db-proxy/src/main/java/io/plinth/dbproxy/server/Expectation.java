package io.plinth.dbproxy.server;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One reply, or series of replies, that a server connection owes. Owned by the connection's event loop. */
public sealed interface Expectation {
    /** ParseComplete; {@code name} is the client's, null for a Parse of ours, whose reply it does not see. */
    record Parse(PreparedStatement statement, @Nullable String name, boolean unnamed) implements Expectation {}

    record Bind() implements Expectation {}

    /** Parameters, then columns or none. */
    record DescribeStatement() implements Expectation {}

    /** Columns or none. */
    record DescribePortal() implements Expectation {}

    /** Rows or copied data, then a completion. */
    record Execute(@Nullable SqlPlan plan) implements Expectation {}

    record ClosePortal() implements Expectation {}

    /** CloseComplete of a statement that had to make room; the client does not see it. */
    record Evict(PreparedStatement statement) implements Expectation {}

    /** ReadyForQuery that ends a pipeline; {@code own} when the client has not asked for it and does not see it. */
    record Sync(boolean own) implements Expectation {}

    /** Everything up to ReadyForQuery. */
    final class Query implements Expectation {
        final SqlPlan plan;
        int completed;

        public Query(SqlPlan plan) {
            this.plan = plan;
        }
    }

    /** A function's result, then ReadyForQuery. */
    record Call() implements Expectation {}

    /** ParseComplete for a statement the server has already: nothing comes, the client is told in turn. */
    record AlreadyParsed(String name, PreparedStatement statement) implements Expectation {}

    /** CloseComplete for a statement that stays on the server. */
    record AlreadyClosed(String name) implements Expectation {}

    /** An error that we provoked so that the transaction fails; the client sees ours instead. */
    record Refusal(SqlError error) implements Expectation {}

    /** A query of ours: the client sees nothing of it. */
    final class Injected implements Expectation {
        final Consumer<Outcome> done;
        final List<List<@Nullable String>> rows = new ArrayList<>();

        final @Nullable Taker taker;

        @Nullable
        SqlError error;

        String tag = "";

        public Injected(Consumer<Outcome> done) {
            this(done, null);
        }

        /** {@code taker} gets rows as they are, instead of the outcome. */
        public Injected(Consumer<Outcome> done, @Nullable Taker taker) {
            this.done = done;
            this.taker = taker;
        }
    }

    /** Takes the rows of a query of ours; what it throws is the query's error. */
    interface Taker {
        /** The body of RowDescription. */
        void described(byte[] description) throws SqlException;

        /** The body of DataRow. */
        void row(byte[] row) throws SqlException;
    }

    /**
     * What a query of ours came to.
     *
     * @param tag the last command's
     */
    record Outcome(@Nullable SqlError error, String tag, List<List<@Nullable String>> rows) {}
}
