package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Need;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the shard key of a SELECT, INSERT, UPDATE or DELETE that names a sharded table.
 *
 * <p>It accepts what it surely understands and refuses the rest: every table in it must be sharded and have its key
 * fixed, by an equality with a constant or parameter that the whole WHERE demands, or by an equality with the key of a
 * table that has; and there must be no further query inside it.
 */
final class ShardedStatement {
    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final Map<String, ShardedTable> tables;
    private final KeyReader keys;

    ShardedStatement(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.tables = tables;
        this.keys = new KeyReader(tokens);
    }

    /** The first identifier that may name a sharded table, or null; {@code name.column} names a column. */
    static @Nullable ShardedTable mention(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
        for (int i = from; i < to; i++) {
            ShardedTable table = mentionAt(tokens, i, tables);
            if (table != null) {
                return table;
            }
        }
        return null;
    }

    private static @Nullable ShardedTable mentionAt(SqlTokens tokens, int i, Map<String, ShardedTable> tables) {
        if (tokens.kind(i) == OPAQUE) {
            // U&"..." may spell any name.
            return tokens.text(i).endsWith("\"")
                    ? tables.values().stream().findFirst().orElse(null)
                    : null;
        }
        return tokens.isName(i) && tokens.kind(i + 1) != DOT ? tables.get(tokens.name(i)) : null;
    }

    Need need() {
        try {
            for (int i = from; i < to; i++) {
                ShardedTable table = mentionAt(tokens, i, tables);
                if (table != null && table.refusal() != null) {
                    throw refuse(table.refusal());
                }
            }
            if (innerQuery()) {
                throw refuse("a query inside a statement on sharded table " + first().name() + " is not supported");
            }
            return switch (tokens.name(from)) {
                case "select" -> select();
                case "insert" -> insert();
                case "update" -> update();
                case "delete" -> delete();
                default ->
                    throw refuse(tokens.name(from).toUpperCase(java.util.Locale.ROOT) + " with sharded table "
                            + first().name() + " is not supported");
            };
        } catch (Unroutable e) {
            return new Refused(
                    e.message,
                    "Write one plain statement with " + first().key()
                            + " = a constant or parameter for each sharded table, and no other tables in it.");
        }
    }

    private ShardedTable first() {
        ShardedTable table = mention(tokens, from, to, tables);
        if (table == null) {
            throw new IllegalStateException("no sharded table - statement=" + tokens.source(from, to));
        }
        return table;
    }

    private boolean innerQuery() {
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean query = tokens.is(i, "select") || tokens.is(i, "table") || tokens.is(i, "with");
            if (depth > 0 && query && tokens.kind(i - 1) != DOT) {
                return true;
            }
        }
        return false;
    }

    private Need select() throws Unroutable {
        int start = clause(from, "from");
        for (String word : List.of("union", "intersect", "except", "into")) {
            if (clause(from, word) < to) {
                throw refuse(word.toUpperCase(java.util.Locale.ROOT) + " with sharded table " + first().name()
                        + " is not supported");
            }
        }
        FromList list = new FromList(tokens, tables);
        int end = list.read(start + 1, to);
        expectMentions(list.refs().size());
        KeyResolver resolver = new KeyResolver(tokens, list);
        try {
            return resolver.resolve(where(end), to(end));
        } catch (Unroutable e) {
            if (!resolver.together()) {
                throw e;
            }
            Set<String> keyNames = new HashSet<>();
            list.refs().forEach(ref -> keyNames.add(ref.table().key()));
            return new StatementPlan.Scattered(new MergeParser(tokens, from, to, keyNames).plan(), first());
        }
    }

    private Need delete() throws Unroutable {
        FromList list = new FromList(tokens, tables);
        int end = list.read(from + 2, to);
        if (tokens.is(end, "using")) {
            end = list.read(end + 1, to);
        }
        expectMentions(list.refs().size());
        return new KeyResolver(tokens, list).resolve(where(end), to(end));
    }

    private Need update() throws Unroutable {
        FromList list = new FromList(tokens, tables);
        int set = list.read(from + 1, to);
        if (!tokens.is(set, "set") || list.refs().size() != 1) {
            throw refuse("this form of UPDATE of sharded table " + first().name() + " is not supported");
        }
        ShardedTable target = list.refs().getFirst().table();
        int end = set;
        int depth = 0;
        for (int i = set + 1; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0 && (tokens.is(i, "where") || (tokens.is(i, "from") && !tokens.is(i - 1, "distinct")))) {
                break;
            }
            end = i;
        }
        end++;
        keepsKey(target, set + 1, end);
        if (tokens.is(end, "from")) {
            end = list.read(end + 1, to);
        }
        expectMentions(list.refs().size());
        return new KeyResolver(tokens, list).resolve(where(end), to(end));
    }

    /** Refuses an assignment to the key: the row would belong to another shard. */
    private void keepsKey(ShardedTable table, int start, int end) throws Unroutable {
        int depth = 0;
        boolean target = true;
        for (int i = start; i < end; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (target && tokens.isName(i) && tokens.name(i).equals(table.key())) {
                throw refuse("changing " + table.key() + " of sharded table " + table.name()
                        + " is not supported: the row would belong to another shard; delete and insert it");
            }
            if (target && tokens.kind(i) == OPAQUE) {
                throw refuse("U& names with sharded table " + table.name() + " are not supported");
            }
            if (tokens.isOperator(i, "=")) {
                target = false;
            } else if (depth == 0 && tokens.kind(i) == COMMA) {
                target = true;
            }
        }
    }

    private Need insert() throws Unroutable {
        int i = from + 2;
        while (tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        ShardedTable table = tables.get(tokens.name(i));
        if (!tokens.is(from + 1, "into") || table == null) {
            throw refuse("INSERT into a table that is not sharded, from sharded table " + first().name()
                    + ", is not supported");
        }
        i++;
        if (tokens.is(i, "as")) {
            i += 2;
        } else if (tokens.isName(i)
                && !tokens.is(i, "values")
                && !tokens.is(i, "overriding")
                && !tokens.is(i, "default")) {
            i++;
        }
        int column = keyColumn(table, i);
        i = skipParentheses(i);
        if (tokens.is(i, "overriding")) {
            i += 3;
        }
        if (!tokens.is(i, "values")) {
            throw refuse("INSERT into sharded table " + table.name() + " without VALUES is not supported");
        }
        List<ShardKey> found = new ArrayList<>();
        List<Integer> starts = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        i++;
        while (tokens.kind(i) == OPEN) {
            found.add(rowKey(table, i, column));
            starts.add(i);
            i = skipParentheses(i);
            ends.add(i - 1);
            if (tokens.kind(i) != COMMA) {
                break;
            }
            i++;
        }
        conflict(table, i);
        expectMentions(1);
        boolean splits = found.size() > 1 && clause(i, "returning") == to && !hasParameters();
        if (!splits) {
            return new Keyed(found);
        }
        starts.replaceAll(tokens::start);
        ends.replaceAll(tokens::end);
        return new Keyed(found, new RowSpans(tokens.start(from), tokens.end(to - 1), starts, ends));
    }

    private boolean hasParameters() {
        for (int i = from; i < to; i++) {
            if (tokens.kind(i) == PARAMETER) {
                return true;
            }
        }
        return false;
    }

    /** ON CONFLICT DO UPDATE must not change the key either. */
    private void conflict(ShardedTable table, int start) throws Unroutable {
        if (start < to && !tokens.is(start, "on") && !tokens.is(start, "returning")) {
            throw refuse("this form of INSERT into sharded table " + table.name() + " is not supported");
        }
        for (int i = start; i < to; i++) {
            if (tokens.is(i, "do") && tokens.is(i + 1, "update")) {
                int end = i + 3;
                while (end < to && !tokens.is(end, "where") && !tokens.is(end, "returning")) {
                    end++;
                }
                keepsKey(table, i + 3, end);
            }
        }
    }

    private int keyColumn(ShardedTable table, int open) throws Unroutable {
        if (tokens.kind(open) != OPEN) {
            throw refuse("INSERT into sharded table " + table.name() + " must name its columns, " + table.key()
                    + " among them");
        }
        int column = 0;
        for (int i = open + 1; i < to && tokens.kind(i) != SHUT; i++) {
            if (tokens.kind(i) == COMMA) {
                column++;
            } else if (!tokens.isName(i)) {
                throw refuse("this column list of sharded table " + table.name() + " is not supported");
            } else if (tokens.name(i).equals(table.key())) {
                return column;
            }
        }
        throw refuse("INSERT into sharded table " + table.name() + " must give " + table.key());
    }

    private ShardKey rowKey(ShardedTable table, int open, int column) throws Unroutable {
        int start = open + 1;
        int left = column;
        int depth = 0;
        int i = start;
        for (; i < to; i++) {
            byte kind = tokens.kind(i);
            if (depth == 0 && (kind == COMMA || kind == SHUT)) {
                if (left == 0 || kind == SHUT) {
                    break;
                }
                left--;
                start = i + 1;
            }
            depth += kind == OPEN ? 1 : kind == SHUT ? -1 : 0;
        }
        ShardKey key = left == 0 ? keys.constant(table, start, i) : null;
        if (key == null) {
            throw refuse("INSERT into sharded table " + table.name() + ": " + table.key()
                    + " must be a constant or parameter of its type, not null");
        }
        return key;
    }

    private int skipParentheses(int open) {
        int depth = 0;
        for (int i = open; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return to;
    }

    private int clause(int start, String word) {
        int depth = 0;
        for (int i = start; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0
                    && tokens.is(i, word)
                    && tokens.kind(i - 1) != DOT
                    && !tokens.is(i - 1, "distinct")
                    && !tokens.is(i - 1, "as")) {
                return i;
            }
        }
        return to;
    }

    /** The first token of the condition, at {@code end} of the tables; {@link #to} when there is none. */
    private int where(int end) {
        return tokens.is(end, "where") ? end + 1 : to;
    }

    /** Where the condition ends. */
    private int to(int start) {
        Set<String> after =
                Set.of("group", "order", "limit", "offset", "fetch", "for", "having", "window", "returning");
        int depth = 0;
        for (int i = start; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0 && tokens.kind(i) == WORD && tokens.kind(i - 1) != DOT && after.contains(tokens.name(i))) {
                return i;
            }
        }
        return to;
    }

    /** A sharded table named elsewhere than among the tables read here is one that is not understood. */
    private void expectMentions(int known) throws Unroutable {
        int found = 0;
        for (int i = from; i < to; i++) {
            if (mentionAt(tokens, i, tables) != null) {
                found++;
            }
        }
        if (found != known) {
            throw refuse("sharded table " + first().name() + " is named where only a plain statement's tables may be");
        }
    }

    private static Unroutable refuse(String message) {
        return new Unroutable(message);
    }
}
