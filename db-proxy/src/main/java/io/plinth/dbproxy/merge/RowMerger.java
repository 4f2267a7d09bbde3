package io.plinth.dbproxy.merge;

import io.plinth.dbproxy.merge.MergePlan.Column;
import io.plinth.dbproxy.merge.MergePlan.Order;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.BufferUnderflowException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts the rows of several shards together as a plan says. Owned by the session's event loop. Rows that are only put
 * together, sorted or not, stream; rows that are combined are kept until the last one is there, within a bound.
 */
public final class RowMerger {
    private final MergePlan plan;
    private final boolean bytewise;
    private final long memory;
    private final List<Source> sources = new ArrayList<>();
    private final Map<List<@Nullable String>, List<byte @Nullable []>> groups = new LinkedHashMap<>();
    private @Nullable ArrayDeque<byte[]> combined;
    private List<Rows.Field> fields = List.of();
    private long kept;
    private long skipped;
    private long sent;

    /** One shard's rows. */
    private static final class Source {
        final ArrayDeque<Entry> rows = new ArrayDeque<>();
        long bytes;
        boolean done;
    }

    private record Entry(byte[] row, List<byte @Nullable []> sortedBy) {}

    /**
     * Begins.
     *
     * @param bytewise whether the database orders text by its bytes
     * @param memory bytes that may be kept of rows that are combined
     */
    public RowMerger(MergePlan plan, int shards, boolean bytewise, long memory) {
        this.plan = plan;
        this.bytewise = bytewise;
        this.memory = memory;
        for (int i = 0; i < shards; i++) {
            sources.add(new Source());
        }
    }

    /** Takes a shard's description of its rows and returns the client's. */
    public byte[] described(byte[] description) throws SqlException {
        try {
            fields = Rows.fields(description);
            for (Order order : plan.order()) {
                Values.demandOrder(fields.get(column(order)).type(), bytewise || order.bytewise());
            }
            for (int i = 0; i < plan.columns().size(); i++) {
                demand(plan.columns().get(i), fields.get(i).type());
            }
            for (MergePlan.Condition condition : plan.having()) {
                demand(Column.COUNT, fields.get(condition.column()).type());
            }
            return Rows.describe(description, plan.hidden());
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw malformed();
        }
    }

    private void demand(Column column, int type) throws SqlException {
        switch (column) {
            case MIN, MAX -> Values.demandOrder(type, bytewise);
            case SUM, AVG, COUNT -> {
                if (!Numbers.exact(type)) {
                    throw new SqlException(
                            SqlError.NOT_SUPPORTED,
                            "a query over several shards cannot add up values of type " + type
                                    + " (expected: exact numbers)");
                }
            }
            case KEY -> {}
        }
    }

    private int column(Order order) {
        return order.column() < 0 ? fields.size() + order.column() : order.column();
    }

    private static SqlException malformed() {
        return new SqlException(SqlError.CONNECTION_FAILURE, "a server's row is shorter than its fields");
    }

    /** A shard's row; does not keep more than a bound of those that are combined. */
    public void row(int shard, byte[] row) throws SqlException {
        try {
            if (plan.combines()) {
                combine(row);
                return;
            }
            List<byte @Nullable []> sortedBy = new ArrayList<>();
            if (!plan.order().isEmpty()) {
                List<byte @Nullable []> cells = Rows.cells(row);
                plan.order().forEach(order -> sortedBy.add(cells.get(column(order))));
            }
            Source source = sources.get(shard);
            source.rows.add(new Entry(Rows.shorten(row, plan.hidden()), sortedBy));
            source.bytes += row.length;
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw malformed();
        }
    }

    /** Bytes of a shard's rows that wait. */
    public long waiting(int shard) {
        return sources.get(shard).bytes;
    }

    public void done(int shard) {
        sources.get(shard).done = true;
    }

    private void combine(byte[] row) throws SqlException {
        List<byte @Nullable []> cells = Rows.cells(row);
        List<@Nullable String> key = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            byte[] cell = cells.get(i);
            if (plan.distinct() || (i < plan.columns().size() && plan.columns().get(i) == Column.KEY)) {
                key.add(cell == null ? null : Values.identity(cell, fields.get(i)));
            }
        }
        List<byte @Nullable []> before = groups.get(key);
        if (before == null) {
            kept += 2L * row.length + 128;
            if (kept > memory) {
                throw new SqlException(
                        SqlError.LIMIT_EXCEEDED,
                        "a query over several shards combines more than " + memory + " bytes of rows (max-merge)");
            }
            groups.put(key, cells);
            return;
        }
        for (int i = 0; i < plan.columns().size(); i++) {
            before.set(i, combine(plan.columns().get(i), fields.get(i), before.get(i), cells.get(i)));
        }
        for (int i = plan.columns().size(); i < cells.size() && !plan.distinct(); i++) {
            before.set(i, combine(Column.SUM, fields.get(i), before.get(i), cells.get(i)));
        }
    }

    private static byte @Nullable [] combine(Column column, Rows.Field field, byte @Nullable [] a, byte @Nullable [] b)
            throws SqlException {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        return switch (column) {
            case KEY, AVG -> a;
            case COUNT, SUM -> Numbers.write(Numbers.read(a, field).add(Numbers.read(b, field)), field);
            case MIN -> Values.compare(a, b, field) <= 0 ? a : b;
            case MAX -> Values.compare(a, b, field) >= 0 ? a : b;
        };
    }

    /** The next row for the client, or null when there is none now. */
    public byte @Nullable [] next() throws SqlException {
        while (!over()) {
            byte[] row = plan.combines() ? nextCombined() : nextOfSources();
            if (row == null) {
                return null;
            }
            if (skipped < plan.offset()) {
                skipped++;
            } else {
                sent++;
                return row;
            }
        }
        return null;
    }

    /** Whether the client has been given all it asked for. */
    public boolean over() {
        Long limit = plan.limit();
        return (limit != null && sent >= limit) || (allDone() && drained());
    }

    /** Whether the limit is reached, so that further rows are of no use. */
    public boolean full() {
        Long limit = plan.limit();
        return limit != null && sent >= limit;
    }

    /** Lets go of all rows that wait. */
    public void forget() {
        sources.forEach(source -> {
            source.rows.clear();
            source.bytes = 0;
        });
    }

    public long sent() {
        return sent;
    }

    private boolean allDone() {
        return sources.stream().allMatch(source -> source.done);
    }

    private boolean drained() {
        ArrayDeque<byte[]> rows = combined;
        return plan.combines()
                ? rows != null && rows.isEmpty()
                : sources.stream().allMatch(source -> source.rows.isEmpty());
    }

    private byte @Nullable [] nextCombined() throws SqlException {
        if (!allDone()) {
            return null;
        }
        ArrayDeque<byte[]> rows = combined;
        if (rows == null) {
            rows = sorted();
            combined = rows;
        }
        return rows.poll();
    }

    private ArrayDeque<byte[]> sorted() throws SqlException {
        List<Entry> entries = new ArrayList<>();
        for (List<byte @Nullable []> cells : groups.values()) {
            average(cells);
            if (!wanted(cells)) {
                continue;
            }
            List<byte @Nullable []> sortedBy = new ArrayList<>();
            plan.order().forEach(order -> sortedBy.add(cells.get(column(order))));
            entries.add(new Entry(Rows.row(cells.subList(0, cells.size() - plan.hidden())), sortedBy));
        }
        groups.clear();
        SqlException[] failed = new SqlException[1];
        if (!plan.order().isEmpty()) {
            entries.sort((a, b) -> {
                try {
                    return compare(a, b);
                } catch (SqlException e) {
                    failed[0] = e;
                    return 0;
                }
            });
        }
        if (failed[0] != null) {
            throw failed[0];
        }
        ArrayDeque<byte[]> rows = new ArrayDeque<>();
        entries.forEach(entry -> rows.add(entry.row));
        return rows;
    }

    private boolean wanted(List<byte @Nullable []> cells) throws SqlException {
        for (MergePlan.Condition condition : plan.having()) {
            byte[] cell = cells.get(condition.column());
            if (cell == null || !condition.holds(Numbers.read(cell, fields.get(condition.column())))) {
                return false;
            }
        }
        return true;
    }

    /** Averages are told by their sums and counts, two hidden columns each. */
    private void average(List<byte @Nullable []> cells) throws SqlException {
        int hidden = plan.columns().size();
        for (int i = 0; i < plan.columns().size(); i++) {
            if (plan.columns().get(i) == Column.AVG) {
                byte[] sum = cells.get(hidden);
                byte[] count = cells.get(hidden + 1);
                cells.set(
                        i,
                        sum == null || count == null
                                ? null
                                : Numbers.write(
                                        Numbers.average(
                                                Numbers.read(sum, fields.get(hidden)),
                                                Numbers.read(count, fields.get(hidden + 1))),
                                        fields.get(i)));
                hidden += 2;
            }
        }
    }

    private byte @Nullable [] nextOfSources() throws SqlException {
        Source best = null;
        for (Source source : sources) {
            Entry entry = source.rows.peek();
            if (entry == null) {
                if (!source.done && !plan.order().isEmpty()) {
                    return null;
                }
                continue;
            }
            Entry least = best == null ? null : best.rows.peek();
            if (least == null || (!plan.order().isEmpty() && compare(entry, least) < 0)) {
                best = source;
            }
        }
        if (best == null) {
            return null;
        }
        Entry entry = best.rows.remove();
        best.bytes = best.rows.isEmpty() ? 0 : Math.max(0, best.bytes - entry.row.length);
        return entry.row;
    }

    private int compare(Entry a, Entry b) throws SqlException {
        for (int i = 0; i < plan.order().size(); i++) {
            Order order = plan.order().get(i);
            byte[] left = a.sortedBy.get(i);
            byte[] right = b.sortedBy.get(i);
            int result;
            if (left == null || right == null) {
                result = left == null ? (right == null ? 0 : order.nullsFirst() ? -1 : 1) : order.nullsFirst() ? 1 : -1;
            } else {
                int values = Values.compare(left, right, fields.get(column(order)));
                result = order.descending() ? -values : values;
            }
            if (result != 0) {
                return result;
            }
        }
        return 0;
    }
}
