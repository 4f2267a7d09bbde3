package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Need;
import io.plinth.dbproxy.route.StatementPlan.Part;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the key of each row of an INSERT ... VALUES into a sharded table. Used once. */
final class ShardedInsert {
    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final ShardedStatement statement;
    private final Map<String, ShardedTable> tables;
    private final KeyReader keys;

    ShardedInsert(SqlTokens tokens, int from, int to, ShardedStatement statement, Map<String, ShardedTable> tables) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.statement = statement;
        this.tables = tables;
        this.keys = new KeyReader(tokens);
    }

    Need need() throws Unroutable {
        int i = from + 2;
        while (tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        ShardedTable table = tables.get(tokens.name(i));
        if (!tokens.is(from + 1, "into") || table == null || !table.keyed()) {
            throw new Unroutable("INSERT into a table that is not sharded, from sharded table "
                    + statement.first().name() + ", is not supported");
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
        int[] columns = keyColumns(table, i);
        i = skipParentheses(i);
        if (tokens.is(i, "overriding")) {
            i += 3;
        }
        if (!tokens.is(i, "values")) {
            throw new Unroutable("INSERT into sharded table " + table.name() + " without VALUES is not supported");
        }
        List<ShardKey> found = new ArrayList<>();
        List<Integer> starts = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        i++;
        while (tokens.kind(i) == OPEN) {
            int after = skipParentheses(i);
            found.add(rowKey(table, i, after - 1, columns));
            starts.add(i);
            ends.add(after - 1);
            i = after;
            if (tokens.kind(i) != COMMA) {
                break;
            }
            i++;
        }
        conflict(table, i);
        statement.expectMentions(1);
        if (found.size() == 1) {
            return new Keyed(found, RowSpans.ONE, null);
        }
        starts.replaceAll(tokens::start);
        ends.replaceAll(tokens::end);
        return new Keyed(found, new RowSpans(tokens.start(from), tokens.end(to - 1), starts, ends), null);
    }

    /** ON CONFLICT DO UPDATE must not change the key either. */
    private void conflict(ShardedTable table, int start) throws Unroutable {
        if (start < to && !tokens.is(start, "on") && !tokens.is(start, "returning")) {
            throw new Unroutable("this form of INSERT into sharded table " + table.name() + " is not supported");
        }
        for (int i = start; i < to; i++) {
            if (tokens.is(i, "do") && tokens.is(i + 1, "update")) {
                int end = i + 3;
                while (end < to && !tokens.is(end, "where") && !tokens.is(end, "returning")) {
                    end++;
                }
                statement.keepsKey(table, i + 3, end);
            }
        }
    }

    /** Where the key's columns stand in the list of columns. */
    private int[] keyColumns(ShardedTable table, int open) throws Unroutable {
        if (tokens.kind(open) != OPEN) {
            throw new Unroutable("INSERT into sharded table " + table.name() + " must name its columns, " + table.key()
                    + " among them");
        }
        int[] found = new int[table.columns().size()];
        Arrays.fill(found, -1);
        int column = 0;
        for (int i = open + 1; i < to && tokens.kind(i) != SHUT; i++) {
            if (tokens.kind(i) == COMMA) {
                column++;
            } else if (!tokens.isName(i)) {
                throw new Unroutable("this column list of sharded table " + table.name() + " is not supported");
            } else if (table.column(tokens.name(i)) >= 0) {
                found[table.column(tokens.name(i))] = column;
            }
        }
        for (int each : found) {
            if (each < 0) {
                throw new Unroutable("INSERT into sharded table " + table.name() + " must give " + table.key());
            }
        }
        return found;
    }

    private ShardKey rowKey(ShardedTable table, int open, int close, int[] columns) throws Unroutable {
        @Nullable Part[] parts = new Part[columns.length];
        int column = 0;
        int depth = 0;
        int start = open + 1;
        for (int i = open + 1; i <= close; i++) {
            byte kind = tokens.kind(i);
            if (i == close || (depth == 0 && kind == COMMA)) {
                for (int k = 0; k < columns.length; k++) {
                    if (columns[k] == column) {
                        parts[k] = keys.constant(table.columns().get(k).type(), start, i);
                    }
                }
                column++;
                start = i + 1;
            }
            depth += kind == OPEN ? 1 : kind == SHUT ? -1 : 0;
        }
        List<Part> all = new ArrayList<>();
        for (int k = 0; k < parts.length; k++) {
            Part part = parts[k];
            if (part == null) {
                throw new Unroutable("INSERT into sharded table " + table.name() + ": "
                        + table.columns().get(k).name() + " must be a constant or parameter of its type, not null");
            }
            all.add(part);
        }
        return new ShardKey(table, all, true);
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
}
