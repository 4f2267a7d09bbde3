package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.merge.MergePlan.Column;
import io.plinth.dbproxy.merge.MergePlan.Order;
import io.plinth.dbproxy.route.SelectClauses.Span;
import io.plinth.dbproxy.sql.SqlTokens;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns a SELECT whose rows are on several shards into what each is asked and how the answers are put together. It accepts
 * what it surely understands and refuses the rest. Used once.
 */
final class MergeParser {
    private static final String HAVING = "a HAVING";
    static final Set<String> AGGREGATES = Set.of("count", "sum", "avg", "min", "max");

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final FromList list;
    private final List<String> extra = new ArrayList<>();
    private final List<Span> extraSpans = new ArrayList<>();
    private final List<Span> items = new ArrayList<>();
    private final Map<Span, Integer> guarded = new LinkedHashMap<>();
    private final SelectClauses clauses;
    private final WholeRows whole;

    /** {@code list} has the tables: rows that differ in a key of one are on different shards only by it. */
    MergeParser(SqlTokens tokens, int from, int to, FromList list) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.list = list;
        this.clauses = new SelectClauses(tokens, from, to);
        this.whole = new WholeRows(tokens, from, to, clauses);
    }

    MergePlan plan() throws Unroutable {
        whole.refuseWords();
        clauses.read();
        whole.refuseCollations();
        boolean distinct = tokens.is(from + 1, "distinct");
        if (distinct && tokens.is(from + 2, "on")) {
            throw refuse("DISTINCT ON");
        }
        int select = from + (distinct || tokens.is(from + 1, "all") ? 2 : 1);
        clauses.split(select, clauses.tables, items);
        List<Span> groups = new ArrayList<>();
        if (clauses.group < to) {
            clauses.split(
                    clauses.group + 2,
                    clauses.first(clauses.having, clauses.order, clauses.limit, clauses.offset, clauses.fetch),
                    groups);
        }
        boolean aggregates = whole.aggregates(from, to) || (groups.isEmpty() && clauses.having < to);
        if (groups.isEmpty() && !aggregates) {
            whole.refuseUnknownCalls(from, clauses.tables);
            whole.refuseUnknownCalls(clauses.order, to);
        }
        boolean disjoint = haveKey(groups) || (distinct && groups.isEmpty() && !aggregates && haveKey(items));
        if (disjoint || (groups.isEmpty() && !aggregates && !distinct)) {
            return together();
        }
        if (clauses.having < to && distinct) {
            throw refuse("DISTINCT beside HAVING");
        }
        return distinct ? distinct(groups, aggregates) : combined(groups);
    }

    static Unroutable refuse(String what) {
        return new Unroutable("a query over several shards with " + what + " is not supported");
    }

    private @Nullable String aggregate(int i) {
        return tokens.kind(i + 1) == OPEN && AGGREGATES.contains(tokens.name(i)) ? tokens.name(i) : null;
    }

    /** Whether a table's whole key is among them: rows that are alike there are on one shard. */
    private boolean haveKey(List<Span> spans) {
        for (FromList.Ref ref : list.refs()) {
            boolean all = ref.table().keyed() && !list.mayBeMissing(ref);
            for (int i = 0; i < ref.table().columns().size() && all; i++) {
                String name = ref.table().columns().get(i).name();
                all = spans.stream().anyMatch(span -> isColumn(clauses.bare(span), ref, name));
            }
            if (all) {
                return true;
            }
        }
        return false;
    }

    private boolean isColumn(Span span, FromList.Ref ref, String name) {
        boolean qualified = span.end() - span.start() == 3
                && tokens.kind(span.start() + 1) == DOT
                && tokens.name(span.start()).equals(ref.name());
        boolean plain = span.end() - span.start() == 1 && list.refs().size() == 1;
        return (plain || qualified) && tokens.name(span.end() - 1).equals(name);
    }

    /** Rows of different shards have nothing to do with each other. */
    private MergePlan together() throws Unroutable {
        List<Order> sorting = new ArrayList<>();
        List<String> hidden = new ArrayList<>();
        if (clauses.order < to) {
            List<Span> by = clauses.ordering();
            List<Integer> columns = new ArrayList<>();
            for (Span item : by) {
                Span expression = expression(item);
                Span beside = besideStar(expression);
                int column = beside == null ? output(expression, false) : -1;
                if (column < 0) {
                    Span asked = beside == null ? expression : beside;
                    hidden.add(tokens.source(asked.start(), asked.end()));
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
        return finish(hidden, List.of(), false, sorting, true, List.of());
    }

    /** Hidden columns are counted from the end of the row, the first of n is -n; {@code column} has the first as -1. */
    private Order order(Span item, int hidden, int column) {
        int place = column >= 0 ? column : -(hidden + column + 1);
        int end = item.end();
        boolean nullsFirst = false;
        boolean said = false;
        if (tokens.is(end - 2, "nulls")) {
            nullsFirst = tokens.is(end - 1, "first");
            said = true;
            end -= 2;
        }
        boolean descending = tokens.is(end - 1, "desc");
        end -= descending || tokens.is(end - 1, "asc") ? 1 : 0;
        boolean bytewise = end - item.start() > 2
                && tokens.is(end - 2, "collate")
                && (tokens.name(end - 1).equals("C") || tokens.name(end - 1).equals("POSIX"));
        return new Order(place, descending, said ? nullsFirst : descending, bytewise);
    }

    /** The expression of an ORDER BY item, its direction left off. */
    private Span expression(Span item) throws Unroutable {
        int end = item.end();
        if (tokens.is(end - 2, "nulls")) {
            end -= 2;
        }
        if (tokens.is(end - 1, "asc") || tokens.is(end - 1, "desc")) {
            end--;
        }
        for (int i = item.start(); i < end; i++) {
            if (tokens.is(i, "using")) {
                throw refuse("ORDER BY ... USING");
            }
        }
        return new Span(item.start(), end);
    }

    /** Which column of the answer an ORDER BY item is: by number, by name, or, with {@code same}, by its text; or -1. */
    private int output(Span expression, boolean same) throws Unroutable {
        int number = numbered(expression);
        if (number >= 0) {
            return number;
        }
        boolean named = isNamed(expression);
        String name = tokens.name(expression.start());
        boolean star = items.stream().anyMatch(clauses::isStar);
        for (int i = 0; i < items.size() && named && !star; i++) {
            if (name.equals(clauses.alias(items.get(i))) || name.equals(clauses.column(items.get(i)))) {
                return i;
            }
        }
        if (named && items.stream().anyMatch(item -> whole.mayBeNamed(item, name))) {
            throw refuse("ORDER BY the name of a column without AS, or beside *,");
        }
        return same && !star ? alike(expression) : -1;
    }

    /** What an ORDER BY item names of the answer where * hides its place, or null. */
    private @Nullable Span besideStar(Span expression) throws Unroutable {
        String name = tokens.name(expression.start());
        boolean star = items.stream().anyMatch(clauses::isStar);
        List<Span> named = star && isNamed(expression)
                ? items.stream()
                        .filter(item -> name.equals(clauses.alias(item)))
                        .toList()
                : List.of();
        boolean found = named.size() == 1 && whole.repeats(named.getFirst());
        if (found) {
            whole.refuseUnknownCalls(named.getFirst().start(), named.getFirst().end());
        }
        return found ? clauses.bare(named.getFirst()) : null;
    }

    /** The same of an item of GROUP BY or HAVING, where a name is a table's column before it is one of the answer. */
    private int grouped(Span expression) throws Unroutable {
        int number = numbered(expression);
        if (number >= 0) {
            return number;
        }
        int column = items.stream().anyMatch(clauses::isStar) ? -1 : alike(expression);
        String name = tokens.name(expression.start());
        if (column < 0
                && isNamed(expression)
                && items.stream().anyMatch(item -> name.equals(clauses.alias(item)) || whole.mayBeNamed(item, name))) {
            throw refuse("GROUP BY or HAVING with " + name
                    + ", which may be a column of the table or of the answer (expected: its expression or number),");
        }
        return column;
    }

    private int alike(Span expression) {
        String column = list.refs().size() == 1 ? clauses.column(expression) : "";
        for (int i = 0; i < items.size(); i++) {
            Span item = clauses.bare(items.get(i));
            boolean same = !column.isEmpty() && column.equals(clauses.column(item));
            if (same || clauses.text(expression).equals(clauses.text(item))) {
                return i;
            }
        }
        return -1;
    }

    private boolean isNamed(Span expression) {
        return expression.end() - expression.start() == 1 && tokens.isName(expression.start());
    }

    private int numbered(Span expression) throws Unroutable {
        if (expression.end() - expression.start() != 1 || tokens.kind(expression.start()) != INTEGER) {
            return -1;
        }
        int number = Integer.parseInt(tokens.text(expression.start())) - 1;
        if (items.stream().anyMatch(clauses::isStar) || number < 0 || number >= items.size()) {
            throw refuse("ORDER BY or GROUP BY a number beside *");
        }
        return number;
    }

    private MergePlan distinct(List<Span> groups, boolean aggregates) throws Unroutable {
        if (!groups.isEmpty() || aggregates) {
            throw refuse("DISTINCT beside GROUP BY or aggregates");
        }
        return finish(List.of(), List.of(), true, sorting(), false, List.of());
    }

    /** Rows are combined group by group. */
    private MergePlan combined(List<Span> groups) throws Unroutable {
        boolean[] key = new boolean[items.size()];
        List<Span> hiddenKeys = new ArrayList<>();
        for (Span each : groups) {
            WholeRows.Named named = isNamed(each) ? whole.named(each, items, groups, clauses.ordering()) : null;
            int column = named == null ? grouped(each) : named.item();
            if (named != null && named.output()) {
                guarded.put(each, column);
            }
            if (column < 0 || (named != null && named.further())) {
                hiddenKeys.add(each);
            }
            if (column >= 0) {
                key[column] = true;
            }
        }
        List<Column> columns = new ArrayList<>();
        List<String> averages = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            Span item = clauses.bare(items.get(i));
            String name = aggregate(item.start());
            if (key[i]
                    || (name == null
                            && !whole.aggregates(item.start(), item.end())
                            && groups.isEmpty()
                            && constant(item))) {
                columns.add(Column.KEY);
            } else {
                columns.add(aggregated(item, averages));
            }
        }
        for (Span each : hiddenKeys) {
            further(each);
            columns.add(Column.KEY);
        }
        List<MergePlan.Condition> conditions = conditions(columns, averages);
        List<Order> sorting = sorting(columns, averages);
        List<String> hidden = new ArrayList<>(extra);
        hidden.addAll(averages);
        return finish(hidden, columns, false, sorting, false, conditions);
    }

    private Column aggregated(Span item, List<String> averages) throws Unroutable {
        String name = aggregate(item.start());
        if (name == null || !closesAt(item.start() + 1, item.end())) {
            throw refuse("a column that is neither in GROUP BY nor one of count, sum, avg, min, max");
        }
        if (tokens.is(item.start() + 2, "distinct") && !name.equals("min") && !name.equals("max")) {
            throw refuse(name + "(DISTINCT)");
        }
        if (name.equals("avg")) {
            String argument = tokens.source(item.start() + 2, clauses.closing(item.start() + 1));
            String filter = tokens.source(clauses.closing(item.start() + 1) + 1, item.end());
            averages.add("sum(" + argument + ") " + filter);
            averages.add("count(" + argument + ") " + filter);
        }
        return Column.valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Asks the shards for an expression that is not among the columns; returns its place. */
    private int further(Span span) {
        extra.add(tokens.source(span.start(), span.end()));
        extraSpans.add(span);
        return items.size() + extra.size() - 1;
    }

    /** The place of an expression among the columns, the hidden ones too; a further one for an aggregate that is in none. */
    private int place(Span span, List<Column> columns, List<String> averages, String clause) throws Unroutable {
        int column = clause.equals(HAVING) ? grouped(span) : output(span, true);
        for (int i = 0; i < extraSpans.size() && column < 0; i++) {
            column = clauses.text(extraSpans.get(i)).equals(clauses.text(span)) ? items.size() + i : -1;
        }
        if (column < 0) {
            if (aggregate(span.start()) == null) {
                throw refuse(clause + " that is not among the columns");
            }
            columns.add(aggregated(span, averages));
            column = further(span);
        }
        return column;
    }

    /** HAVING, taken apart at its ANDs into comparisons of numbers. */
    private List<MergePlan.Condition> conditions(List<Column> columns, List<String> averages) throws Unroutable {
        List<MergePlan.Condition> found = new ArrayList<>();
        if (clauses.having == to) {
            return found;
        }
        int end = clauses.first(clauses.order, clauses.limit, clauses.offset, clauses.fetch);
        int start = clauses.having + 1;
        for (int i = start; i <= end; i++) {
            if (i == end || (tokens.is(i, "and") && clauses.depthAt(i) == 0)) {
                found.add(condition(new Span(start, i), columns, averages));
                start = i + 1;
            }
        }
        return found;
    }

    private MergePlan.Condition condition(Span span, List<Column> columns, List<String> averages) throws Unroutable {
        int operator = -1;
        for (int i = span.start(); i < span.end(); i++) {
            if (tokens.kind(i) == OPERATOR && clauses.depthAt(i) == 0) {
                operator = i;
                break;
            }
        }
        boolean known = operator > span.start()
                && Set.of("=", "<>", "!=", "<", "<=", ">", ">=").contains(tokens.text(operator));
        boolean negative = known && tokens.isOperator(operator + 1, "-");
        int value = known ? clauses.literal(operator + (negative ? 2 : 1), span.end()) : -1;
        if (value < 0 || !clauses.castKeeps(value)) {
            throw refuse("HAVING other than comparisons with a number, joined with AND");
        }
        int column = place(new Span(span.start(), operator), columns, averages, HAVING);
        return switch (tokens.kind(value)) {
            case INTEGER, DECIMAL, STRING -> {
                try {
                    BigDecimal number = new BigDecimal(clauses.number(value));
                    yield new MergePlan.Condition(
                            column, tokens.text(operator), negative ? number.negate() : number, -1);
                } catch (NumberFormatException e) {
                    throw refuse("HAVING with " + clauses.number(value));
                }
            }
            case PARAMETER -> {
                if (negative) {
                    throw refuse("HAVING with the negative of a parameter");
                }
                yield new MergePlan.Condition(column, tokens.text(operator), null, clauses.parameter(value));
            }
            default -> throw refuse("HAVING other than comparisons with a number, joined with AND");
        };
    }

    private boolean constant(Span item) {
        return item.end() - item.start() == 1 && !tokens.isName(item.start()) && !clauses.isStar(item);
    }

    /** Whether the call whose parenthesis opens at {@code open} is all there is, but for a FILTER. */
    private boolean closesAt(int open, int end) {
        int close = clauses.closing(open);
        return close == end - 1
                || (tokens.is(close + 1, "filter")
                        && tokens.kind(close + 2) == OPEN
                        && clauses.closing(close + 2) == end - 1);
    }

    private List<Order> sorting() throws Unroutable {
        List<Order> sorting = new ArrayList<>();
        for (Span item : clauses.ordering()) {
            int column = output(expression(item), true);
            if (column < 0) {
                throw refuse("an ORDER BY that is not among the columns");
            }
            sorting.add(order(item, 0, column));
        }
        return sorting;
    }

    private List<Order> sorting(List<Column> columns, List<String> averages) throws Unroutable {
        List<Order> sorting = new ArrayList<>();
        for (Span item : clauses.ordering()) {
            sorting.add(order(item, 0, place(expression(item), columns, averages, "an ORDER BY")));
        }
        return sorting;
    }

    /**
     * What is asked from FROM on where GROUP BY has names that are taken for the answer's. A name there is a table's column before
     * it is one of the answer: one more table that has it makes servers refuse it where another has it too.
     */
    private String guarded(int cut) {
        int tables = clauses.first(clauses.where, clauses.group);
        StringBuilder names = new StringBuilder();
        StringBuilder groups = new StringBuilder();
        int done = clauses.group;
        for (Map.Entry<Span, Integer> each : guarded.entrySet()) {
            int at = each.getKey().start();
            String name = '"' + tokens.name(at).replace("\"", "\"\"") + '"';
            names.append(names.isEmpty() ? "" : ", ").append(name);
            groups.append(tokens.source(done, at))
                    .append(' ')
                    .append(each.getValue() + 1)
                    .append(", ")
                    .append(name);
            groups.append(' ');
            done = at + 1;
        }
        return tokens.source(clauses.tables, tables) + ", (VALUES (1" + ", 1".repeat(guarded.size() - 1) + ")) AS "
                + MergePlan.GUARD + '(' + names + ") " + tokens.source(tables, clauses.group) + ' ' + groups
                + tokens.source(done, cut);
    }

    private MergePlan finish(
            List<String> hidden,
            List<Column> columns,
            boolean distinct,
            List<Order> sorting,
            boolean pushed,
            List<MergePlan.Condition> conditions)
            throws Unroutable {
        if (clauses.limit < to && clauses.fetch < to) {
            throw refuse("both LIMIT and FETCH");
        }
        int most = clauses.amount(clauses.limit < to ? clauses.limit : clauses.fetch);
        int skipped = clauses.amount(clauses.offset);
        int end = clauses.first(clauses.limit, clauses.offset, clauses.fetch);
        int cut = pushed ? end : clauses.first(end, clauses.order, columns.isEmpty() ? to : clauses.having);
        StringBuilder sql = new StringBuilder(tokens.source(from, clauses.tables))
                .append(hidden.isEmpty() ? "" : ", " + String.join(", ", hidden))
                .append(' ')
                .append(guarded.isEmpty() ? tokens.source(clauses.tables, cut) : guarded(cut));
        if (!columns.isEmpty() && clauses.having < to) {
            // It holds of the whole only; a server tells its parameters' types by it.
            sql.append(" HAVING (")
                    .append(tokens.source(
                            clauses.having + 1,
                            clauses.first(clauses.order, clauses.limit, clauses.offset, clauses.fetch)))
                    .append(") IS NOT NULL OR TRUE");
        }
        sql.append(clauses.window(most, skipped, pushed));
        boolean constantLimit = most >= 0 && tokens.kind(most) != PARAMETER;
        boolean constantOffset = skipped >= 0 && tokens.kind(skipped) != PARAMETER;
        return new MergePlan(
                sql.toString(),
                hidden.size(),
                columns,
                distinct,
                sorting,
                constantLimit ? Long.valueOf(clauses.number(most)) : null,
                constantOffset ? Long.parseLong(clauses.number(skipped)) : 0,
                pushed,
                conditions,
                new MergePlan.Late(
                        most >= 0 && !constantLimit ? clauses.parameter(most) : -1,
                        skipped >= 0 && !constantOffset ? clauses.parameter(skipped) : -1));
    }
}
