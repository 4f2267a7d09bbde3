package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.merge.MergePlan.Column;
import io.plinth.dbproxy.merge.MergePlan.Order;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a SELECT whose rows are on several shards into what each is asked and how the answers are put together. It accepts
 * what it surely understands and refuses the rest. Used once.
 */
final class MergeParser {
    private static final Set<String> AGGREGATES = Set.of("count", "sum", "avg", "min", "max");
    private static final Set<String> OTHER_AGGREGATES = Set.of(
            "array_agg",
            "string_agg",
            "json_agg",
            "jsonb_agg",
            "json_object_agg",
            "jsonb_object_agg",
            "bool_and",
            "bool_or",
            "every",
            "bit_and",
            "bit_or",
            "bit_xor",
            "stddev",
            "stddev_pop",
            "stddev_samp",
            "variance",
            "var_pop",
            "var_samp",
            "corr",
            "covar_pop",
            "covar_samp",
            "mode",
            "percentile_cont",
            "percentile_disc",
            "xmlagg",
            "range_agg",
            "any_value",
            "rank",
            "dense_rank",
            "grouping",
            "json_arrayagg",
            "json_objectagg");

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final Set<String> keys;
    private final List<Span> items = new ArrayList<>();
    private int select;
    private int tables;
    private int group;
    private int having;
    private int order;
    private int limit;
    private int offset;

    /** Tokens from {@code start} to {@code end}. */
    private record Span(int start, int end) {}

    /** {@code keys} are the sharded tables' keys: rows that differ in one are on one shard only. */
    MergeParser(SqlTokens tokens, int from, int to, Set<String> keys) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.keys = keys;
    }

    MergePlan plan() throws Unroutable {
        refuseWhatNeedsTheWhole();
        clauses();
        boolean distinct = tokens.is(from + 1, "distinct");
        if (distinct && tokens.is(from + 2, "on")) {
            throw refuse("DISTINCT ON");
        }
        select = from + (distinct || tokens.is(from + 1, "all") ? 2 : 1);
        split(select, tables, items);
        List<Span> groups = new ArrayList<>();
        if (group < to) {
            split(group + 2, first(having, order, limit, offset), groups);
        }
        boolean aggregates = items.stream().anyMatch(item -> aggregate(item.start) != null) || contains(from, to);
        boolean disjoint = groups.stream().anyMatch(this::isKey)
                || (distinct
                        && groups.isEmpty()
                        && !aggregates
                        && items.stream().anyMatch(this::isKey));
        if (disjoint || (groups.isEmpty() && !aggregates && !distinct)) {
            return together();
        }
        if (having < to) {
            throw refuse("HAVING without the shard key among GROUP BY");
        }
        return distinct ? distinct(groups, aggregates) : combined(groups);
    }

    private static Unroutable refuse(String what) {
        return new Unroutable("a query over several shards with " + what + " is not supported");
    }

    private void refuseWhatNeedsTheWhole() throws Unroutable {
        for (int i = from; i < to; i++) {
            if (tokens.is(i, "over") && tokens.kind(i - 1) == SHUT) {
                throw refuse("a window function");
            }
            if (tokens.is(i, "window")
                    || tokens.is(i, "rollup")
                    || tokens.is(i, "cube")
                    || tokens.is(i, "tablesample")) {
                throw refuse(tokens.name(i).toUpperCase(Locale.ROOT));
            }
            if (tokens.is(i, "for") && i > from && depthAt(i) == 0 && locks(i + 1)) {
                throw refuse("FOR " + tokens.name(i + 1).toUpperCase(Locale.ROOT));
            }
        }
    }

    private boolean locks(int i) {
        return tokens.is(i, "update") || tokens.is(i, "share") || tokens.is(i, "no") || tokens.is(i, "key");
    }

    private int depthAt(int at) {
        int depth = 0;
        for (int i = from; i < at; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
        }
        return depth;
    }

    private void clauses() throws Unroutable {
        tables = clause("from", null);
        group = clause("group", "by");
        having = clause("having", null);
        order = clause("order", "by");
        limit = clause("limit", null);
        offset = clause("offset", null);
        if (clause("fetch", null) < to) {
            throw refuse("FETCH (write LIMIT)");
        }
        if (tables == to) {
            throw refuse("no FROM");
        }
    }

    private int clause(String word, @Nullable String second) {
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean here = depth == 0 && tokens.is(i, word) && tokens.kind(i - 1) != DOT && !tokens.is(i - 1, "as");
            if (here && !tokens.is(i - 1, "distinct") && (second == null || tokens.is(i + 1, second))) {
                return i;
            }
        }
        return to;
    }

    private int first(int... candidates) {
        int least = to;
        for (int candidate : candidates) {
            least = Math.min(least, candidate);
        }
        return least;
    }

    private void split(int start, int end, List<Span> parts) {
        int depth = 0;
        int begin = start;
        for (int i = start; i < end; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0 && tokens.kind(i) == COMMA) {
                parts.add(new Span(begin, i));
                begin = i + 1;
            }
        }
        parts.add(new Span(begin, end));
    }

    /** Whether an aggregate is called anywhere. */
    private boolean contains(int start, int end) {
        for (int i = start; i < end; i++) {
            if (tokens.kind(i + 1) == OPEN && tokens.isName(i)) {
                String name = tokens.name(i);
                if (AGGREGATES.contains(name) || OTHER_AGGREGATES.contains(name)) {
                    return true;
                }
            }
        }
        return false;
    }

    private @Nullable String aggregate(int i) {
        return tokens.kind(i + 1) == OPEN && AGGREGATES.contains(tokens.name(i)) ? tokens.name(i) : null;
    }

    private boolean isKey(Span span) {
        boolean qualified = span.end - span.start == 3 && tokens.kind(span.start + 1) == DOT;
        boolean plain = span.end - span.start == 1;
        boolean aliased = span.end - span.start >= 3 && tokens.is(span.end - 2, "as");
        return aliased
                ? isKey(new Span(span.start, span.end - 2))
                : (plain || qualified) && keys.contains(tokens.name(span.end - 1));
    }

    /** Rows of different shards have nothing to do with each other. */
    private MergePlan together() throws Unroutable {
        List<Order> sorting = new ArrayList<>();
        List<String> hidden = new ArrayList<>();
        if (order < to) {
            List<Span> by = new ArrayList<>();
            split(order + 2, first(limit, offset), by);
            List<Integer> columns = new ArrayList<>();
            for (Span item : by) {
                Span expression = expression(item);
                int column = output(expression, false);
                if (column < 0) {
                    hidden.add(tokens.source(expression.start, expression.end));
                }
                columns.add(column < 0 ? -hidden.size() : column);
            }
            for (int i = 0; i < by.size(); i++) {
                sorting.add(order(by.get(i), hidden.size(), columns.get(i)));
            }
        }
        if (!hidden.isEmpty() && tokens.is(from + 1, "distinct")) {
            throw refuse("DISTINCT and an ORDER BY that is not among the columns");
        }
        return finish(hidden, List.of(), false, sorting, true);
    }

    /** Hidden columns are counted from the end of the row, the first of n is -n; {@code column} has the first as -1. */
    private Order order(Span item, int hidden, int column) {
        int place = column >= 0 ? column : -(hidden + column + 1);
        int end = item.end;
        boolean nullsFirst = false;
        boolean said = false;
        if (tokens.is(end - 2, "nulls")) {
            nullsFirst = tokens.is(end - 1, "first");
            said = true;
            end -= 2;
        }
        boolean descending = tokens.is(end - 1, "desc");
        end -= descending || tokens.is(end - 1, "asc") ? 1 : 0;
        boolean bytewise = end - item.start > 2
                && tokens.is(end - 2, "collate")
                && (tokens.name(end - 1).equals("C") || tokens.name(end - 1).equals("POSIX"));
        return new Order(place, descending, said ? nullsFirst : descending, bytewise);
    }

    /** The expression of an ORDER BY item, its direction left off. */
    private Span expression(Span item) throws Unroutable {
        int end = item.end;
        if (tokens.is(end - 2, "nulls")) {
            end -= 2;
        }
        if (tokens.is(end - 1, "asc") || tokens.is(end - 1, "desc")) {
            end--;
        }
        for (int i = item.start; i < end; i++) {
            if (tokens.is(i, "using")) {
                throw refuse("ORDER BY ... USING");
            }
        }
        return new Span(item.start, end);
    }

    /** Which column of the answer an expression is: by number, by alias, or, with {@code same}, by its text; or -1. */
    private int output(Span expression, boolean same) throws Unroutable {
        boolean one = expression.end - expression.start == 1;
        boolean star = items.stream().anyMatch(this::isStar);
        if (one && tokens.kind(expression.start) == INTEGER) {
            int number = Integer.parseInt(tokens.text(expression.start)) - 1;
            if (star || number < 0 || number >= items.size()) {
                throw refuse("ORDER BY or GROUP BY a number beside *");
            }
            return number;
        }
        for (int i = 0; i < items.size() && !star; i++) {
            Span item = items.get(i);
            if (one
                    && tokens.isName(expression.start)
                    && tokens.name(expression.start).equals(alias(item))) {
                return i;
            }
            if (same && text(expression).equals(text(bare(item)))) {
                return i;
            }
        }
        return -1;
    }

    private boolean isStar(Span item) {
        return tokens.isOperator(item.end - 1, "*");
    }

    private String alias(Span item) {
        return item.end - item.start >= 3 && tokens.is(item.end - 2, "as") ? tokens.name(item.end - 1) : "";
    }

    private Span bare(Span item) {
        return alias(item).isEmpty() ? item : new Span(item.start, item.end - 2);
    }

    private String text(Span span) {
        StringBuilder text = new StringBuilder();
        for (int i = span.start; i < span.end; i++) {
            text.append(tokens.isName(i) ? tokens.name(i) : tokens.text(i)).append(' ');
        }
        return text.toString();
    }

    private MergePlan distinct(List<Span> groups, boolean aggregates) throws Unroutable {
        if (!groups.isEmpty() || aggregates) {
            throw refuse("DISTINCT beside GROUP BY or aggregates");
        }
        return finish(List.of(), List.of(), true, sorting(), false);
    }

    /** Rows are combined group by group. */
    private MergePlan combined(List<Span> groups) throws Unroutable {
        List<Column> columns = new ArrayList<>();
        List<String> hidden = new ArrayList<>();
        boolean[] key = new boolean[items.size()];
        for (Span each : groups) {
            int column = output(each, true);
            if (column < 0) {
                throw refuse("a GROUP BY that is not among the columns");
            }
            key[column] = true;
        }
        for (int i = 0; i < items.size(); i++) {
            Span item = bare(items.get(i));
            String name = aggregate(item.start);
            if (key[i] || (name == null && !contains(item.start, item.end) && groups.isEmpty() && constant(item))) {
                columns.add(Column.KEY);
                continue;
            }
            if (name == null || !closesAt(item.start + 1, item.end)) {
                throw refuse("a column that is neither in GROUP BY nor one of count, sum, avg, min, max");
            }
            if (tokens.is(item.start + 2, "distinct") && !name.equals("min") && !name.equals("max")) {
                throw refuse(name + "(DISTINCT)");
            }
            columns.add(Column.valueOf(name.toUpperCase(Locale.ROOT)));
            if (name.equals("avg")) {
                String argument = tokens.source(item.start + 2, closing(item.start + 1));
                String filter = tokens.source(closing(item.start + 1) + 1, item.end);
                hidden.add("sum(" + argument + ") " + filter);
                hidden.add("count(" + argument + ") " + filter);
            }
        }
        return finish(hidden, columns, false, sorting(), false);
    }

    private boolean constant(Span item) {
        return item.end - item.start == 1 && !tokens.isName(item.start) && !isStar(item);
    }

    /** Whether the call whose parenthesis opens at {@code open} is all there is, but for a FILTER. */
    private boolean closesAt(int open, int end) {
        int close = closing(open);
        return close == end - 1
                || (tokens.is(close + 1, "filter") && tokens.kind(close + 2) == OPEN && closing(close + 2) == end - 1);
    }

    private int closing(int open) {
        int depth = 0;
        for (int i = open; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return to;
    }

    private List<Order> sorting() throws Unroutable {
        List<Order> sorting = new ArrayList<>();
        if (order < to) {
            List<Span> by = new ArrayList<>();
            split(order + 2, first(limit, offset), by);
            for (Span item : by) {
                int column = output(expression(item), true);
                if (column < 0) {
                    throw refuse("an ORDER BY that is not among the columns");
                }
                sorting.add(order(item, 0, column));
            }
        }
        return sorting;
    }

    private @Nullable Long number(int clause) throws Unroutable {
        if (clause == to || tokens.is(clause + 1, "all") || tokens.is(clause + 1, "null")) {
            return null;
        }
        boolean last = clause + 2 == to
                || clause + 2 == limit
                || clause + 2 == offset
                || tokens.is(clause + 2, "rows")
                || tokens.is(clause + 2, "row");
        if (tokens.kind(clause + 1) != INTEGER
                || !last
                || tokens.text(clause + 1).length() > 18) {
            throw refuse("LIMIT or OFFSET other than a number");
        }
        return Long.parseLong(tokens.text(clause + 1));
    }

    private MergePlan finish(
            List<String> hidden, List<Column> columns, boolean distinct, List<Order> sorting, boolean pushed)
            throws Unroutable {
        Long most = number(limit);
        Long skipped = number(offset);
        long left = skipped == null ? 0 : skipped;
        int end = first(limit, offset);
        int cut = pushed ? end : Math.min(end, order);
        String sql = tokens.source(from, tables)
                + (hidden.isEmpty() ? "" : ", " + String.join(", ", hidden))
                + " " + tokens.source(tables, cut)
                + (pushed && most != null ? " LIMIT " + (most + left) : "");
        return new MergePlan(sql, hidden.size(), columns, distinct, sorting, most, left, pushed);
    }
}
