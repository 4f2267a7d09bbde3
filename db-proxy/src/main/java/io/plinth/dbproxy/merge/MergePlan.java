package io.plinth.dbproxy.merge;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the rows that every shard answers become one answer. Immutable.
 *
 * @param sql what each shard is asked: the client's statement with further columns, and without what only the whole can say
 * @param hidden columns at the end of each row that the client has not asked for
 * @param columns what becomes of each column where rows are combined; empty where they are only put together
 * @param distinct whether equal rows are one
 * @param order by what rows are sorted
 * @param limit rows at most, or null for all
 * @param offset rows left out first
 * @param ordered whether each shard's rows come sorted
 */
public record MergePlan(
        String sql,
        int hidden,
        List<Column> columns,
        boolean distinct,
        List<Order> order,
        @Nullable Long limit,
        long offset,
        boolean ordered) {
    public MergePlan {
        columns = List.copyOf(columns);
        order = List.copyOf(order);
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

    /** Whether rows of several shards become one. */
    public boolean combines() {
        return !columns.isEmpty() || distinct;
    }
}
