package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.SelectClauses.Span;
import io.plinth.dbproxy.sql.Functions;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What in a SELECT needs all rows at one place, or might, so that answers of shards could not be put together. Used once. */
final class WholeRows {
    private static final Set<String> OTHER_AGGREGATES = Set.of("""
        array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every bit_and
        bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp mode
        percentile_cont percentile_disc xmlagg range_agg range_intersect_agg any_value rank dense_rank cume_dist
        percent_rank grouping json_arrayagg json_objectagg json_agg_strict jsonb_agg_strict json_object_agg_strict
        json_object_agg_unique json_object_agg_unique_strict jsonb_object_agg_strict jsonb_object_agg_unique
        jsonb_object_agg_unique_strict regr_count regr_slope regr_intercept regr_avgx regr_avgy regr_r2 regr_sxx
        regr_sxy regr_syy
        """.strip().split("\\s+"));

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final SelectClauses clauses;

    WholeRows(SqlTokens tokens, int from, int to, SelectClauses clauses) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.clauses = clauses;
    }

    void refuseWords() throws Unroutable {
        for (int i = from; i < to; i++) {
            if (tokens.is(i, "over") && tokens.kind(i - 1) == SHUT) {
                throw MergeParser.refuse("a window function");
            }
            boolean sets = tokens.is(i, "grouping") && tokens.is(i + 1, "sets");
            boolean all = tokens.is(i, "by") && (tokens.is(i + 1, "distinct") || tokens.is(i + 1, "all"));
            boolean empty = tokens.kind(i) == OPEN && tokens.kind(i + 1) == SHUT && ofGroups(i - 1);
            if (sets || all || empty) {
                throw MergeParser.refuse("GROUPING SETS, GROUP BY (), DISTINCT or ALL");
            }
            if (tokens.is(i, "window")
                    || tokens.is(i, "rollup")
                    || tokens.is(i, "cube")
                    || tokens.is(i, "tablesample")) {
                throw MergeParser.refuse(tokens.name(i).toUpperCase(Locale.ROOT));
            }
            if (tokens.is(i, "for") && i > from && clauses.depthAt(i) == 0 && locks(i + 1)) {
                throw MergeParser.refuse("FOR " + tokens.name(i + 1).toUpperCase(Locale.ROOT));
            }
        }
    }

    private boolean ofGroups(int before) {
        return tokens.is(before, "by") || tokens.kind(before) == COMMA;
    }

    private boolean locks(int i) {
        return tokens.is(i, "update") || tokens.is(i, "share") || tokens.is(i, "no") || tokens.is(i, "key");
    }

    /** Rows are put in order by the bytes of their texts. */
    void refuseCollations() throws Unroutable {
        int after = clauses.first(clauses.group, clauses.having, clauses.order);
        for (int i = from; i < to; i++) {
            boolean decides = i < clauses.tables || i >= after;
            int name = tokens.is(i + 1, "pg_catalog") && tokens.kind(i + 2) == DOT ? i + 3 : i + 1;
            boolean bytewise = tokens.kind(name) == QUOTED
                    && tokens.kind(name + 1) != DOT
                    && (tokens.name(name).equals("C") || tokens.name(name).equals("POSIX"));
            if (decides && tokens.is(i, "collate") && !bytewise) {
                throw MergeParser.refuse("COLLATE other than \"C\"");
            }
        }
    }

    /** Whether an aggregate is called anywhere. */
    boolean aggregates(int start, int end) {
        for (int i = start; i < end; i++) {
            if (tokens.kind(i + 1) == OPEN && tokens.isName(i)) {
                String name = tokens.name(i);
                if (MergeParser.AGGREGATES.contains(name) || OTHER_AGGREGATES.contains(name)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Anybody may have made an aggregate: of a name that is not known nobody can tell. */
    void refuseUnknownCalls(int start, int end) throws Unroutable {
        for (int i = start; i < end; i++) {
            boolean name = tokens.isName(i) || tokens.kind(i) == OPAQUE;
            boolean elsewhere = tokens.kind(i - 1) == DOT && !tokens.is(i - 2, "pg_catalog");
            boolean known = tokens.kind(i) == WORD && !elsewhere && Functions.harmless(tokens.name(i));
            if (name && tokens.kind(i + 1) == OPEN && !known && !Functions.isNone(tokens, i)) {
                throw MergeParser.refuse(tokens.text(i) + "(), which may be an aggregate,");
            }
        }
    }

    /** Whether an item without AS may still have this name: as a label, or as that of a function, type or column in it. */
    boolean mayBeNamed(Span item, String name) {
        if (!clauses.alias(item).isEmpty()) {
            return clauses.alias(item).equals(name);
        }
        if (clauses.column(item).equals(name)) {
            return false;
        }
        boolean operator = false;
        boolean mentions = false;
        boolean branches = false;
        int depth = 0;
        for (int i = item.start(); i < item.end(); i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            operator |= depth == 0 && tokens.kind(i) == OPERATOR;
            branches |= depth == 0 && tokens.is(i, "case");
            mentions |= tokens.isName(i) && tokens.name(i).equals(name);
        }
        int last = item.end() - 1;
        boolean label = last > item.start()
                && tokens.isName(last)
                && tokens.name(last).equals(name)
                && tokens.kind(last - 1) != OPERATOR
                && tokens.kind(last - 1) != DOT
                && tokens.kind(last - 1) != CAST;
        boolean alias = tokens.is(last - 1, "as") && last - 1 > item.start();
        return label || (mentions && !alias && (!operator || branches));
    }

    /**
     * What a name in GROUP BY is.
     *
     * @param item the column of the answer that is the same in all rows of a group, or -1
     * @param output whether the name is taken for that column's, which only a server can tell for sure
     * @param further whether the name is a table's column, of which that one is made
     */
    record Named(int item, boolean output, boolean further) {}

    /** Null where the name is surely a table's column, or none of the answer's. */
    @Nullable
    Named named(Span group, List<Span> items, List<Span> groups, List<Span> ordering) throws Unroutable {
        String name = tokens.name(group.start());
        int found = -1;
        for (int i = 0; i < items.size(); i++) {
            Span item = items.get(i);
            if (clauses.isStar(item)) {
                return null;
            }
            if (clauses.column(clauses.bare(item)).equals(name)) {
                return new Named(i, false, false);
            }
            boolean alias = clauses.alias(item).equals(name);
            if (alias ? found >= 0 : clauses.alias(item).isEmpty() && mayBeNamed(item, name)) {
                return null;
            }
            found = alias ? i : found;
        }
        if (found < 0) {
            return null;
        }
        Span made = clauses.bare(items.get(found));
        if (aggregates(made.start(), made.end())) {
            return new Named(-1, false, true);
        }
        if (mentioned(name, items, groups, ordering)) {
            return new Named(madeOf(made, name) ? found : -1, false, true);
        }
        return new Named(found, true, false);
    }

    /** Whether the name may be a table's column anywhere but in GROUP BY and ORDER BY, where it may be the answer's. */
    private boolean mentioned(String name, List<Span> items, List<Span> groups, List<Span> ordering) {
        for (int i = from; i < to; i++) {
            int at = i;
            boolean elsewhere = items.stream().anyMatch(item -> item.end() - 1 == at && named(item, name))
                    || groups.stream().anyMatch(each -> each.start() == at && each.end() == at + 1)
                    || ordering.stream().anyMatch(each -> each.start() == at && isAlone(each))
                    || tokens.kind(i - 1) == CAST
                    || (tokens.kind(i + 1) == OPEN && tokens.kind(i - 1) != DOT)
                    || (tokens.kind(i - 1) == OPEN && tokens.is(i - 2, "extract") && tokens.is(i + 1, "from"));
            if (tokens.kind(i) == OPAQUE || (tokens.isName(i) && tokens.name(i).equals(name) && !elsewhere)) {
                return true;
            }
        }
        return false;
    }

    private boolean isAlone(Span ordering) {
        int next = ordering.start() + 1;
        return next == ordering.end() || tokens.is(next, "asc") || tokens.is(next, "desc") || tokens.is(next, "nulls");
    }

    private boolean named(Span item, String name) {
        return clauses.alias(item).equals(name);
    }

    /** Whether an expression has one value for each value of this column, and needs no other. */
    private boolean madeOf(Span made, String name) {
        for (int i = made.start(); i < made.end(); i++) {
            String word = tokens.name(i);
            boolean call = tokens.kind(i) == WORD && tokens.kind(i + 1) == OPEN && tokens.kind(i - 1) != DOT;
            boolean known = word.equals(name) || tokens.kind(i - 1) == CAST || (call && Functions.harmless(word));
            if (tokens.kind(i) == OPAQUE || (tokens.isName(i) && !known)) {
                return false;
            }
        }
        return repeats(made);
    }

    /** Whether the same expression is the same again in the same row. */
    boolean repeats(Span made) {
        for (int i = made.start(); i < made.end(); i++) {
            if (UnkeyedStatement.differs(tokens.name(i)) || tokens.kind(i) == OPAQUE) {
                return false;
            }
        }
        return true;
    }
}
