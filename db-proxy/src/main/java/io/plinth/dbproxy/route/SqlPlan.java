package io.plinth.dbproxy.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The plans of the statements in one string of SQL.
 *
 * @param fingerprint the same for texts that differ in literals, blanks and comments only; 0 for a text of ours
 * @param key the causal key that a comment names, or null
 * @param begin for a lone BEGIN that may be put off until the first statement: how it begins
 */
public record SqlPlan(
        List<StatementPlan> statements,
        @Nullable Begin begin,
        long fingerprint,
        @Nullable String key) {
    /** A transaction's beginning; {@code readOnly} null where it does not say. */
    public record Begin(@Nullable Boolean readOnly, boolean serializable) {}

    /** Of a text that is not a client's. */
    public SqlPlan(List<StatementPlan> statements, @Nullable Begin begin) {
        this(statements, begin, 0, null);
    }

    public SqlPlan {
        statements = List.copyOf(statements);
    }

    /** The only statement, or null when there are more or none. */
    public @Nullable StatementPlan only() {
        return statements.size() == 1 ? statements.getFirst() : null;
    }
}
