package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Need;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the shard key of a SELECT, INSERT, UPDATE or DELETE that names a sharded table.
 *
 * <p>It accepts what it surely understands and refuses the rest: every table in it must be sharded and have its key
 * fixed, by an equality with a constant or parameter that the whole WHERE demands, or by an equality with the key of a
 * table that has; and there must be no further query inside it.
 */
final class ShardedStatement {
    private static final String HINT = "Name keys of one shard, or write a query that can be merged.";

    private static final Words AFTER_WHERE =
            Words.of("group", "order", "limit", "offset", "fetch", "for", "having", "window", "returning");

    private static final Words QUERY = Words.of("select", "table", "with");

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final Map<String, ShardedTable> tables;
    private final Map<String, String> schemas;
    private final KeyReader keys;

    ShardedStatement(
            SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables, Map<String, String> schemas) {
        this.schemas = schemas;
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.tables = tables;
        this.keys = new KeyReader(tokens);
    }

    /** The first identifier that may name a sharded table, or null; {@code name.column} names a column. */
    static @Nullable ShardedTable mention(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
        for (int i : tokens.mentions(tables)) {
            ShardedTable table = i >= from && i < to ? mentioned(tokens, i, tables) : null;
            if (table != null) {
                return table;
            }
        }
        return null;
    }

    private static @Nullable ShardedTable mentioned(SqlTokens tokens, int i, Map<String, ShardedTable> tables) {
        // U&"..." may spell any name.
        return tokens.kind(i) == OPAQUE
                ? tables.values().stream().findFirst().orElse(null)
                : tables.get(tokens.name(i));
    }

    private @Nullable ShardedTable mentioned(int i) {
        return i >= from && i < to ? mentioned(tokens, i, tables) : null;
    }

    Need need(boolean readOnly) {
        try {
            boolean keyed = false;
            for (int i : tokens.mentions(tables)) {
                ShardedTable table = mentioned(i);
                if (table != null && table.refusal() != null) {
                    throw refuse(table.refusal());
                }
                keyed |= table != null && table.keyed();
            }
            if (!keyed) {
                return new UnkeyedStatement(tokens, from, to, tables, schemas).need(readOnly);
            }
            if (innerQuery()) {
                throw refuse("a query inside a statement on sharded table " + first().name() + " is not supported");
            }
            return switch (tokens.name(from)) {
                case "select" -> select();
                case "insert" -> new ShardedInsert(tokens, from, to, this, tables).need();
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
                            + " = a constant or parameter for each sharded table, and no other tables in it but"
                            + " reference tables.");
        }
    }

    ShardedTable first() {
        ShardedTable table = null;
        for (int i : tokens.mentions(tables)) {
            if (table != null && table.keyed()) {
                break;
            }
            ShardedTable each = mentioned(i);
            table = each == null || (table != null && !each.keyed()) ? table : each;
        }
        if (table == null) {
            throw new IllegalStateException("no sharded table - statement=" + tokens.source(from, to));
        }
        return table;
    }

    private boolean innerQuery() {
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean query =
                    depth > 0 && tokens.isOneOf(i, QUERY) && !(tokens.is(i, "with") && tokens.is(i + 1, "time"));
            if (query && tokens.kind(i - 1) != DOT) {
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
        Keyed keyed;
        try {
            keyed = resolver.resolve(where(end), to(end));
        } catch (Unroutable e) {
            if (!resolver.together()) {
                throw list.copiesOnlyAdd()
                        ? e
                        : refuse("an outer join that keeps rows of a reference table, without the key of sharded table "
                                + first().name() + ", is not supported");
            }
            return scattered(list);
        }
        if (!several(keyed) || !resolver.together()) {
            return keyed;
        }
        try {
            return new Keyed(keyed.keys(), null, scattered(list));
        } catch (Unroutable e) {
            return new Keyed(keyed.keys(), null, new Refused(e.message, HINT));
        }
    }

    private StatementPlan.Scattered scattered(FromList list) throws Unroutable {
        return new StatementPlan.Scattered(new MergeParser(tokens, from, to, list).plan(), first());
    }

    /** Whether the keys may be on several shards. */
    private static boolean several(Keyed keyed) {
        return keyed.keys().size() > 1
                || KeyResolver.several(keyed.keys().getFirst().parts());
    }

    /** A change that each shard makes to its own rows. */
    private Need change(FromList list, int end) throws Unroutable {
        KeyResolver resolver = new KeyResolver(tokens, list);
        Keyed keyed = resolver.resolve(where(end), to(end));
        return several(keyed) && resolver.together()
                ? new Keyed(
                        keyed.keys(),
                        null,
                        new StatementPlan.Everywhere(first().name(), StatementPlan.Answer.SUM, null))
                : keyed;
    }

    private Need delete() throws Unroutable {
        FromList list = new FromList(tokens, tables);
        int end = list.read(from + 2, to);
        if (tokens.is(end, "using")) {
            end = list.read(end + 1, to);
        }
        expectMentions(list.refs().size());
        return change(demandKeyed(list), end);
    }

    /** Reference tables are changed on every shard, which a statement that reads sharded ones cannot be. */
    private static FromList demandKeyed(FromList list) throws Unroutable {
        if (!list.refs().getFirst().table().keyed()) {
            throw refuse("a change of reference table "
                    + list.refs().getFirst().table().name() + " by rows of sharded tables is not supported");
        }
        return list;
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
        List<ShardKey> moved = newKey(target, set + 1, end);
        if (tokens.is(end, "from")) {
            end = list.read(end + 1, to);
        }
        expectMentions(list.refs().size());
        Need need = change(demandKeyed(list), end);
        if (moved.isEmpty() || !(need instanceof Keyed keyed)) {
            return need;
        }
        // The old key and the new one must be on one shard, or the row would have to move.
        List<ShardKey> both = new ArrayList<>(keyed.keys());
        both.addAll(moved);
        return new Keyed(
                both,
                null,
                new Refused(
                        "changing " + target.key() + " of sharded table " + target.name()
                                + " is not supported here: the row would belong to another shard",
                        "Delete it and insert it anew."));
    }

    /** The key that an UPDATE gives: none where it leaves the key alone, a constant for a key of one column. */
    private List<ShardKey> newKey(ShardedTable table, int start, int end) throws Unroutable {
        if (table.columns().size() == 1
                && tokens.isName(start)
                && tokens.name(start).equals(table.key())
                && tokens.isOperator(start + 1, "=")) {
            int stop = start + 2;
            int depth = 0;
            while (stop < end && (depth > 0 || tokens.kind(stop) != COMMA)) {
                depth += tokens.kind(stop) == OPEN ? 1 : tokens.kind(stop) == SHUT ? -1 : 0;
                stop++;
            }
            StatementPlan.Part part = keys.constant(table.columns().getFirst().type(), start + 2, stop);
            if (part != null) {
                keepsKey(table, stop, end);
                return List.of(new ShardKey(table, List.of(part), true));
            }
        }
        keepsKey(table, start, end);
        return List.of();
    }

    /** Refuses an assignment to the key: the row would belong to another shard. */
    void keepsKey(ShardedTable table, int start, int end) throws Unroutable {
        int depth = 0;
        boolean target = true;
        for (int i = start; i < end; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (target && tokens.isName(i) && table.column(tokens.name(i)) >= 0) {
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

    int clause(int start, String word) {
        if (!tokens.mayHave(word)) {
            return to;
        }
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
        int depth = 0;
        for (int i = start; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0 && tokens.isOneOf(i, AFTER_WHERE) && tokens.kind(i - 1) != DOT) {
                return i;
            }
        }
        return to;
    }

    /** A sharded table named elsewhere than among the tables read here is one that is not understood. */
    void expectMentions(int known) throws Unroutable {
        int found = 0;
        for (int i : tokens.mentions(tables)) {
            if (mentioned(i) != null) {
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
