package io.plinth.dbproxy.merge;

import io.plinth.dbproxy.wire.SqlError;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the rows that every shard answers become one answer. Immutable.
 *
 * @param sql what each shard is asked: the client's statement with further columns, and without what only the whole can say
 * @param hidden columns at the end of each row that the client has not asked for
 * @param columns what becomes of each column where rows are combined, hidden ones that are not parts of averages among
 *     them; empty where they are only put together
 * @param distinct whether equal rows are one
 * @param order by what rows are sorted
 * @param limit rows at most, or null for all
 * @param offset rows left out first
 * @param ordered whether each shard's rows come sorted
 * @param having what holds of each combined row that the client gets
 * @param late what parameters say of it
 */
public record MergePlan(
        String sql,
        int hidden,
        List<Column> columns,
        boolean distinct,
        List<Order> order,
        @Nullable Long limit,
        long offset,
        boolean ordered,
        List<Condition> having,
        Late late) {
    /** What the table is called that makes servers refuse a name which another table has too. */
    public static final String GUARD = "plinth_guard";

    private static final String AMBIGUOUS_COLUMN = "42702";

    public MergePlan {
        columns = List.copyOf(columns);
        order = List.copyOf(order);
        having = List.copyOf(having);
    }

    /** Rows that are put together as they come: those of a change. */
    public static MergePlan appended() {
        return new MergePlan("", 0, List.of(), false, List.of(), null, 0, false, List.of(), Late.NONE);
    }

    /** What becomes of a column when rows are combined. */
    public enum Column {
        /** Rows with the same values here are combined. */
        KEY,
        COUNT,
        SUM,
        MIN,
        MAX,
        /** The sum and the count are two hidden columns at the end, in the order of the averages. */
        AVG
    }

    /**
     * One thing to sort by.
     *
     * @param column counts from 0; from the end where negative
     * @param bytewise whether text is compared by its bytes, whatever the database's collation
     */
    public record Order(int column, boolean descending, boolean nullsFirst, boolean bytewise) {}

    /**
     * A comparison of a column of numbers.
     *
     * @param operator one of = &lt;&gt; &lt; &lt;= &gt; &gt;=
     * @param value null where it is {@code parameter}, or NULL
     */
    public record Condition(
            int column, String operator, @Nullable BigDecimal value, int parameter) {
        boolean holds(BigDecimal found) {
            BigDecimal wanted = value;
            if (wanted == null) {
                return false;
            }
            int order = found.compareTo(wanted);
            return switch (operator) {
                case "=" -> order == 0;
                case "<" -> order < 0;
                case "<=" -> order <= 0;
                case ">" -> order > 0;
                case ">=" -> order >= 0;
                default -> order != 0;
            };
        }
    }

    /** Parameters that are the limit and the offset; -1 for none. */
    public record Late(int limit, int offset) {
        public static final Late NONE = new Late(-1, -1);
    }

    /** What the client is told of a shard's error. */
    public SqlError told(SqlError why) {
        return why.code().equals(AMBIGUOUS_COLUMN) && sql.contains(GUARD)
                ? new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "a query over several shards with GROUP BY a name that is both of the answer and a table's"
                                + " column is not supported",
                        "Group by the column's number or by its expression.")
                : why;
    }

    /** Whether parameters have to be known before rows are merged. */
    public boolean waits() {
        return late.limit >= 0 || late.offset >= 0 || having.stream().anyMatch(condition -> condition.parameter >= 0);
    }

    /** The plan once parameters are known. */
    public MergePlan with(@Nullable Long most, long skipped, List<Condition> conditions) {
        return new MergePlan(sql, hidden, columns, distinct, order, most, skipped, ordered, conditions, Late.NONE);
    }

    /** Whether the answer is what each shard tells, in any order, and no more. */
    public boolean appends() {
        return !combines() && hidden == 0 && order.isEmpty() && limit == null && offset == 0 && !waits();
    }

    /** Whether rows of several shards become one. */
    public boolean combines() {
        return !columns.isEmpty() || distinct;
    }
}
