package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Everywhere;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Definitions that name a sharded table: the plain ones go to every shard, others are refused. */
final class ShardedDefinition {
    private final SqlTokens tokens;
    private final int from;
    private final int to;
    /** Kinds of objects that every shard must have alike; a few words long, the longest first. */
    private static final List<String> SHARED = List.of(
            "schema",
            "type",
            "domain",
            "extension",
            "function",
            "procedure",
            "aggregate",
            "operator",
            "cast",
            "collation",
            "conversion",
            "text search",
            "event trigger",
            "language");

    private final Map<String, ShardedTable> tables;
    private final Map<String, String> schemas;

    ShardedDefinition(
            SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables, Map<String, String> schemas) {
        this.schemas = schemas;
        this.tokens = tokens;
        this.from = from;
        this.to = to;
        this.tables = tables;
    }

    /** A sharded table named as a word inside any string literal, or null. */
    static @Nullable ShardedTable bodyMention(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
        for (int i = from; i < to; i++) {
            switch (tokens.kind(i)) {
                case STRING, ESCAPED_STRING, DOLLAR, OPAQUE -> {
                    String text = tokens.text(i).toLowerCase(Locale.ROOT);
                    for (ShardedTable table : tables.values()) {
                        if (text.contains(table.name().toLowerCase(Locale.ROOT))) {
                            return table;
                        }
                    }
                }
                default -> {}
            }
        }
        return null;
    }

    StatementPlan plan(StatementPlan unsharded) {
        ShardedTable named = ShardedStatement.mention(tokens, from, to, tables);
        boolean routine = routine();
        if (named == null) {
            ShardedTable inside = routine ? bodyMention(tokens, from, to, tables) : null;
            return inside == null
                    ? unnamed(unsharded)
                    : unsharded.refused(
                            "a function that names sharded table " + inside.name() + " is not supported",
                            "It would see one shard's rows only.");
        }
        int target = target();
        ShardedTable table = target < 0 ? null : tables.get(tokens.name(target));
        if (table == null || others(target) || !(unsharded.effect() instanceof StatementPlan.NoEffect)) {
            return unsharded.refused(
                    "this definition with sharded table " + named.name() + " is not supported",
                    "Supported: CREATE TABLE, CREATE INDEX, ALTER TABLE, DROP TABLE, TRUNCATE, ANALYZE, VACUUM, COMMENT"
                            + " ON TABLE, GRANT and REVOKE, of one sharded table and no other.");
        }
        if (table.scheme() instanceof Scheme.Whole whole) {
            return new StatementPlan(
                    unsharded.kind(), false, new StatementPlan.Placed(table, whole.shard()), unsharded.effect());
        }
        String wrong = tokens.is(from, "create") || tokens.is(from, "alter") ? wrongColumns(table, target) : null;
        if (wrong != null) {
            return unsharded.refused(wrong, "Change the column or the key in the proxy's configuration.");
        }
        boolean numbered =
                table.keyed() && tokens.is(from, "create") && !tokens.is(from + 1, "index") && counts(target);
        return new StatementPlan(
                unsharded.kind(),
                false,
                new Everywhere(
                        table.name(),
                        StatementPlan.Answer.LAST,
                        null,
                        numbered ? tokens.source(qualified(target), target + 1) : null),
                unsharded.effect());
    }

    /** A definition that names none of these tables: of a domain's schema, of what all shards have, of an index. */
    private StatementPlan unnamed(StatementPlan unsharded) {
        if (!(unsharded.effect() instanceof StatementPlan.NoEffect)) {
            return unsharded;
        }
        int target = target();
        String schema = target > from + 1 && tokens.kind(target - 1) == DOT ? tokens.name(target - 2) : "";
        String domain = schemas.get(schema);
        if (domain != null) {
            ShardedTable table =
                    new ShardedTable(schema + "." + tokens.name(target), List.of(), new Scheme.Whole(domain), null);
            return new StatementPlan(
                    unsharded.kind(), false, new StatementPlan.Placed(table, domain), unsharded.effect());
        }
        if (tables.values().stream().allMatch(table -> table.scheme() instanceof Scheme.Whole)) {
            return unsharded;
        }
        int i = from + 1;
        while (tokens.is(i, "or") || tokens.is(i, "replace") || tokens.is(i, "trusted") || tokens.is(i, "procedural")) {
            i++;
        }
        boolean definition = tokens.is(from, "create") || tokens.is(from, "alter") || tokens.is(from, "drop");
        if (!definition) {
            return unsharded;
        }
        for (String kind : SHARED) {
            if (are(i, kind)) {
                return everywhere(unsharded, kind + " " + tokens.text(Math.min(to - 1, i + 1)), null);
            }
        }
        boolean index = tokens.is(i, "index") && !tokens.is(from, "create");
        return index ? everywhere(unsharded, "index " + tokens.text(to - 1), ifExists(i + 1)) : unsharded;
    }

    private boolean are(int start, String words) {
        int i = start;
        for (String word : words.split(" ", -1)) {
            if (!tokens.is(i, word)) {
                return false;
            }
            i++;
        }
        return true;
    }

    /** An index may be of a table that only the default shard has: the others drop or change it where they have it. */
    private @Nullable String ifExists(int start) {
        int i = tokens.is(start, "concurrently") ? start + 1 : start;
        return tokens.is(i, "if") || tokens.is(i, "all")
                ? null
                : tokens.source(from, i) + " IF EXISTS " + tokens.source(i, to);
    }

    private static StatementPlan everywhere(StatementPlan plan, String what, @Nullable String others) {
        return new StatementPlan(
                plan.kind(), false, new Everywhere(what, StatementPlan.Answer.LAST, others), plan.effect());
    }

    private boolean routine() {
        for (int i = from; i < Math.min(to, from + 6); i++) {
            if (tokens.is(i, "function")
                    || tokens.is(i, "procedure")
                    || tokens.is(i, "trigger")
                    || tokens.is(i, "rule")) {
                return true;
            }
        }
        return false;
    }

    /** The token that names the table the definition is of, or -1. */
    private int target() {
        int i = from + 1;
        switch (tokens.name(from)) {
            case "create" -> {
                while (tokens.is(i, "unlogged") || tokens.is(i, "unique")) {
                    i++;
                }
                if (tokens.is(i, "index")) {
                    return index(i);
                }
                if (!tokens.is(i, "table") || createsFromQuery()) {
                    return -1;
                }
                i++;
            }
            case "alter", "drop" -> {
                if (!tokens.is(i, "table")) {
                    return -1;
                }
                i++;
            }
            case "truncate" -> i += tokens.is(i, "table") ? 1 : 0;
            case "analyze", "vacuum" -> {
                while (tokens.is(i, "full")
                        || tokens.is(i, "freeze")
                        || tokens.is(i, "verbose")
                        || tokens.is(i, "analyze")) {
                    i++;
                }
            }
            case "grant", "revoke", "comment" -> {
                i = on(i);
                i += tokens.is(i, "table") ? 1 : 0;
            }
            default -> {
                return -1;
            }
        }
        return name(i);
    }

    private int index(int i) {
        int on = on(i);
        return on < to ? name(on) : -1;
    }

    private int on(int start) {
        for (int i = start; i < to; i++) {
            if (tokens.is(i, "on")) {
                return i + 1;
            }
        }
        return to;
    }

    private int name(int start) {
        int i = start;
        while (tokens.is(i, "if") || tokens.is(i, "not") || tokens.is(i, "exists") || tokens.is(i, "only")) {
            i++;
        }
        while (i < to && tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        return i < to && tokens.isName(i) ? i : -1;
    }

    private boolean createsFromQuery() {
        for (int i = from; i < to; i++) {
            if (tokens.is(i, "select")
                    || tokens.is(i, "execute")
                    || (tokens.is(i, "values") && tokens.kind(i - 1) == OPEN)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a further table stands beside the target: DROP TABLE a, b; TRUNCATE a, b; PARTITION OF. */
    private boolean others(int target) {
        boolean several = tokens.is(from, "drop")
                || tokens.is(from, "truncate")
                || tokens.is(from, "grant")
                || tokens.is(from, "revoke")
                || tokens.is(from, "analyze")
                || tokens.is(from, "vacuum");
        boolean renames = false;
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (several && depth == 0 && i > target && tokens.kind(i) == COMMA) {
                return true;
            }
            if (tokens.is(from, "alter") && i > target && changesIdentity(i, tables.get(tokens.name(target)))) {
                renames = true;
            }
        }
        return renames && !tokens.is(target + 2, "constraint");
    }

    /** A renamed table, or a key renamed or of another type, would no longer be the one the configuration names. */
    private boolean changesIdentity(int i, @Nullable ShardedTable table) {
        return tokens.is(i, "rename")
                || tokens.is(i, "attach")
                || tokens.is(i, "inherit")
                || (table != null && tokens.isName(i) && table.column(tokens.name(i)) >= 0);
    }

    /** Why the definition does not give the columns that the configuration needs, or null. */
    private @Nullable String wrongColumns(ShardedTable table, int target) {
        boolean creates = tokens.is(from + 1, "table") || tokens.is(from + 1, "unlogged");
        if (!table.keyed()) {
            return creates || tokens.is(from, "alter") ? differs(table, target) : null;
        }
        if (!creates || !tokens.is(from, "create")) {
            return tokens.is(from, "alter") && counts(target)
                    ? table.name() + ": a further column that counts (expected: one of the table's first definition, as"
                            + " each shard has numbered the rows it has alike)"
                    : null;
        }
        if (tokens.kind(target + 1) != OPEN) {
            return table.name() + ": without a column list (expected: its columns, the shard key among them)";
        }
        for (int i = target + 1; i < to; i++) {
            if (tokens.is(i, "increment") && counts(target)) {
                return table.name() + ": a counter with an INCREMENT (expected: none, shards are given theirs)";
            }
        }
        for (ShardedTable.Column column : table.columns()) {
            String wrong = wrongKey(table, column, target);
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    private @Nullable String wrongKey(ShardedTable table, ShardedTable.Column key, int target) {
        int depth = 0;
        for (int i = target + 1; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean column = depth == 1 && (tokens.kind(i - 1) == COMMA || i - 1 == target + 1);
            if (column && tokens.name(i).equals(key.name())) {
                String type = columnType(i + 1);
                boolean rounds = key.type().rounded() && tokens.kind(i + 2) == OPEN;
                return key.type().fits(type) && !rounds
                        ? null
                        : table.name() + "." + key.name() + ": " + type + (rounds ? " with a precision" : "")
                                + " (expected: " + key.type().name().toLowerCase(Locale.ROOT)
                                + (rounds ? " without one, which would round it" : ", as configured") + ")";
            }
        }
        return table.name() + ": has no column " + key.name() + " (expected: its shard key)";
    }

    /** The type's name, of one word or of several. */
    private String columnType(int i) {
        if (tokens.is(i, "character") && tokens.is(i + 1, "varying")) {
            return "varchar";
        }
        boolean zoned = tokens.is(i, "timestamp") && tokens.is(i + 1, "with");
        return zoned ? "timestamptz" : tokens.name(i);
    }

    /** The first token of the name that ends with {@code target}. */
    private int qualified(int target) {
        int first = target;
        while (tokens.kind(first - 1) == DOT) {
            first -= 2;
        }
        return first;
    }

    private boolean counts(int target) {
        for (int i = target + 1; i < to; i++) {
            if (tokens.is(i, "bigserial")
                    || tokens.is(i, "serial8")
                    || tokens.is(i, "serial")
                    || tokens.is(i, "serial4")
                    || tokens.is(i, "smallserial")
                    || tokens.is(i, "serial2")
                    || tokens.is(i, "nextval")
                    || (tokens.is(i, "identity") && tokens.is(i - 1, "as"))) {
                return true;
            }
        }
        return false;
    }

    /** A column of a reference table that each shard would fill by itself. */
    private @Nullable String differs(ShardedTable table, int target) {
        if (counts(target)) {
            return table.name()
                    + ": a column that counts (expected: none in a reference table, whose shards would count"
                    + " each by itself)";
        }
        for (int i = target + 1; i < to; i++) {
            if (tokens.is(i, "default") && UnkeyedStatement.differs(tokens.name(i + 1))) {
                return table.name() + ": DEFAULT " + tokens.name(i + 1)
                        + " (expected: one that has the same value on every shard of a reference table)";
            }
        }
        return null;
    }
}
