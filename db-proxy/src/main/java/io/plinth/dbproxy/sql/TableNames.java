package io.plinth.dbproxy.sql;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds where tables are named in a SELECT, INSERT, UPDATE, DELETE or MERGE, at any depth. Used once. */
public final class TableNames {
    private static final Set<String> FROM_INSIDE = Set.of("extract", "substring", "trim", "overlay", "position");
    private static final Set<String> AFTER_FROM = Set.of(
            "where",
            "group",
            "order",
            "limit",
            "offset",
            "fetch",
            "having",
            "window",
            "union",
            "intersect",
            "except",
            "set",
            "returning",
            "values",
            "select",
            "when");

    /** What stands between two parentheses, or around all of them. */
    private static final class Level {
        final boolean special;
        boolean table;
        boolean target;
        boolean list;

        Level(boolean special, boolean table) {
            this.special = special;
            this.table = table;
        }
    }

    /**
     * A table's place.
     *
     * @param at its name
     * @param schema the token that names its schema, or -1
     * @param changed whether the statement writes to it
     */
    public record Name(int at, int schema, boolean changed) {}

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    private final List<Name> names = new ArrayList<>();
    private final Set<String> queries = new HashSet<>();

    public TableNames(SqlTokens tokens, int from, int to) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
    }

    /** Every table; names of WITH queries are left out. */
    public List<Name> read() {
        withQueries();
        ArrayDeque<Level> levels = new ArrayDeque<>();
        levels.push(new Level(false, false));
        for (int i = from; i < to; i++) {
            Level level = levels.peek();
            if (level == null) {
                return names;
            }
            if (tokens.kind(i) == OPEN) {
                levels.push(new Level(FROM_INSIDE.contains(tokens.name(i - 1)), level.table));
                level.table = false;
            } else if (tokens.kind(i) == SHUT) {
                if (levels.size() > 1) {
                    levels.pop();
                }
            } else if (tokens.kind(i) == COMMA) {
                level.table = level.list;
            } else if (tokens.kind(i - 1) != DOT) {
                i = word(level, i);
            }
        }
        return names;
    }

    private void withQueries() {
        boolean with = false;
        for (int i = from; i < to; i++) {
            with |= tokens.is(i, "with");
            int as = tokens.is(i + 1, "as") ? i + 2 : -1;
            if (with && as > 0 && tokens.isName(i)) {
                int open = as;
                while (tokens.is(open, "not") || tokens.is(open, "materialized")) {
                    open++;
                }
                if (tokens.kind(open) == OPEN) {
                    queries.add(tokens.name(i));
                }
            }
            if (with
                    && tokens.isName(i)
                    && tokens.kind(i + 1) == OPEN
                    && (tokens.is(i - 1, "with") || tokens.is(i - 1, "recursive"))) {
                queries.add(tokens.name(i));
            }
        }
    }

    /** Takes a word in; returns the last token it has read. */
    private int word(Level level, int i) {
        if (tokens.kind(i) == WORD) {
            String word = tokens.name(i);
            boolean opens = switch (word) {
                case "from" -> !level.special && !tokens.is(i - 1, "distinct");
                case "join", "using", "into" -> true;
                case "table" -> i == from || tokens.kind(i - 1) == OPEN || tokens.is(i - 1, "union");
                case "update" -> i == from || tokens.kind(i - 1) == OPEN;
                default -> false;
            };
            if (opens) {
                level.table = tokens.kind(i + 1) != OPEN || !word.equals("using");
                level.list = word.equals("from") || word.equals("using");
                level.target = word.equals("into")
                        || word.equals("update")
                        || (word.equals("from") && tokens.is(i - 1, "delete"));
                return i;
            }
            if (AFTER_FROM.contains(word)) {
                level.table = false;
                level.list = false;
                return i;
            }
            if (word.equals("only") || word.equals("lateral")) {
                return i;
            }
        }
        if (!level.table || !tokens.isName(i)) {
            return i;
        }
        level.table = false;
        int at = i;
        while (at + 2 < to && tokens.kind(at + 1) == DOT && tokens.isName(at + 2)) {
            at += 2;
        }
        boolean function = tokens.kind(at + 1) == OPEN && !level.target;
        boolean query = at == i && queries.contains(tokens.name(at));
        if (!function && !query) {
            names.add(new Name(at, at > i ? at - 2 : -1, level.target));
        }
        level.target = false;
        return at;
    }
}
