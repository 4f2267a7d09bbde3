package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Everywhere;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Definitions that name a sharded table: the plain ones go to every shard, others are refused. */
final class ShardedDefinition {
    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final Map<String, ShardedTable> tables;

    ShardedDefinition(SqlTokens tokens, int from, int to, Map<String, ShardedTable> tables) {
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
                    ? unsharded
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
        String wrong = tokens.is(from, "create") ? wrongKey(table, target) : null;
        if (wrong != null) {
            return unsharded.refused(wrong, "Change the column or the key in the proxy's configuration.");
        }
        return new StatementPlan(unsharded.kind(), false, new Everywhere(table), unsharded.effect());
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
                || (table != null && tokens.isName(i) && tokens.name(i).equals(table.key()));
    }

    /** Why CREATE TABLE does not give the key the type it is configured with, or null. */
    private @Nullable String wrongKey(ShardedTable table, int target) {
        if (!tokens.is(from + 1, "table") && !tokens.is(from + 1, "unlogged")) {
            return null;
        }
        if (tokens.kind(target + 1) != OPEN) {
            return table.name() + ": without a column list (expected: its columns, the shard key among them)";
        }
        int depth = 0;
        for (int i = target + 1; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean column = depth == 1 && (tokens.kind(i - 1) == COMMA || i - 1 == target + 1);
            if (column && tokens.name(i).equals(table.key())) {
                return table.type().fits(tokens.name(i + 1))
                        ? null
                        : table.name() + "." + table.key() + ": " + tokens.name(i + 1) + " (expected: "
                                + table.type().name().toLowerCase(Locale.ROOT) + ", as configured)";
            }
        }
        return table.name() + ": has no column " + table.key() + " (expected: its shard key)";
    }
}
