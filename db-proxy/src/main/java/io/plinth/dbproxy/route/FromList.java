package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a list of sharded tables with their joins. */
final class FromList {
    private static final Words AFTER_TABLE = Words.of(
            "where",
            "group",
            "order",
            "limit",
            "offset",
            "fetch",
            "for",
            "having",
            "window",
            "returning",
            "set",
            "using",
            "on",
            "join",
            "inner",
            "left",
            "right",
            "full",
            "cross",
            "natural",
            "union",
            "intersect",
            "except",
            "from");

    /** How a table was joined to the ones before it. */
    enum Join {
        INNER,
        LEFT,
        OTHER
    }

    /**
     * One table.
     *
     * @param name what columns of it are qualified with
     * @param on the first token of its ON condition, or -1
     * @param onEnd the token after the condition
     */
    record Ref(ShardedTable table, String name, Join join, int on, int onEnd) {
        /** That of a table is long to compute, and names are nearly always enough. */
        @Override
        public int hashCode() {
            return 31 * name.hashCode() + on;
        }
    }

    private final SqlTokens tokens;
    private final Map<String, ShardedTable> tables;
    private final List<Ref> refs = new ArrayList<>();
    private boolean commas;

    FromList(SqlTokens tokens, Map<String, ShardedTable> tables) {
        this.tokens = tokens;
        this.tables = tables;
    }

    List<Ref> refs() {
        return refs;
    }

    /** Whether every join keeps only rows that match: then ON conditions are as good as WHERE. */
    boolean onlyInner() {
        for (Ref ref : refs) {
            if (ref.join() != Join.INNER) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether each row that the list joins is made on one shard only, with reference tables in it: no row of theirs may be
     * kept for want of a match, as every shard would have it.
     */
    boolean copiesOnlyAdd() {
        boolean copies = refs.stream().anyMatch(ref -> !ref.table().keyed());
        boolean outer = refs.stream().anyMatch(ref -> ref.join() != Join.INNER);
        boolean left = refs.stream().noneMatch(ref -> ref.join() == Join.OTHER);
        return !copies || !outer || (left && !commas && refs.getFirst().table().keyed());
    }

    /** Whether the table's columns may be NULL for want of a match. */
    boolean mayBeMissing(Ref ref) {
        return ref.join() != Join.INNER || refs.stream().anyMatch(other -> other.join() == Join.OTHER);
    }

    /** Reads from {@code start}; returns the token after the list. */
    int read(int start, int to) throws Unroutable {
        int i = table(start, to, Join.INNER);
        while (i < to) {
            if (tokens.kind(i) == COMMA) {
                commas = true;
                i = table(i + 1, to, Join.INNER);
                continue;
            }
            int after = joinWords(i);
            if (after == i) {
                return i;
            }
            i = table(after, to, joinKind(i));
        }
        return i;
    }

    private Join joinKind(int i) {
        if (tokens.is(i, "left")) {
            return Join.LEFT;
        }
        return tokens.is(i, "right") || tokens.is(i, "full") ? Join.OTHER : Join.INNER;
    }

    private int joinWords(int start) throws Unroutable {
        int i = start;
        if (tokens.is(i, "natural")) {
            throw new Unroutable("NATURAL JOIN of sharded tables is not supported");
        }
        if (tokens.is(i, "inner") || tokens.is(i, "cross")) {
            i++;
        } else if (tokens.is(i, "left") || tokens.is(i, "right") || tokens.is(i, "full")) {
            i++;
            if (tokens.is(i, "outer")) {
                i++;
            }
        }
        return tokens.is(i, "join") ? i + 1 : start;
    }

    private int table(int start, int to, Join join) throws Unroutable {
        int i = start;
        if (tokens.is(i, "only")) {
            i++;
        }
        while (i < to && tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        ShardedTable table = i < to && tokens.isName(i) ? tables.get(tokens.name(i)) : null;
        if (table == null || table.scheme() instanceof Scheme.Whole) {
            throw new Unroutable("a statement may not combine sharded tables with "
                    + (i < to ? tokens.text(i) : "nothing") + ": that is on one shard only or not a plain table");
        }
        String name = table.name();
        i++;
        if (tokens.is(i, "as")) {
            name = tokens.name(i + 1);
            i += 2;
        } else if (i < to && tokens.isName(i) && !tokens.isOneOf(i, AFTER_TABLE)) {
            name = tokens.name(i);
            i++;
        }
        if (i < to && tokens.kind(i) == OPEN) {
            throw new Unroutable("column aliases of sharded table " + table.name() + " are not supported");
        }
        int end = i;
        int on = -1;
        if (tokens.is(i, "on")) {
            on = i + 1;
            end = onEnd(on, to);
        } else if (tokens.is(i, "using") && !refs.isEmpty()) {
            throw new Unroutable("JOIN USING of sharded tables is not supported: write ON");
        }
        refs.add(new Ref(table, name, join, on, end));
        return end;
    }

    private int onEnd(int start, int to) {
        int depth = 0;
        for (int i = start; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean function =
                    depth == 0 && tokens.kind(i + 1) == OPEN && (tokens.is(i, "left") || tokens.is(i, "right"));
            if (depth == 0
                    && (tokens.kind(i) == COMMA
                            || (!function
                                    && tokens.isOneOf(i, AFTER_TABLE)
                                    && tokens.kind(i - 1) != DOT
                                    && !(tokens.is(i, "from") && tokens.is(i - 1, "distinct"))))) {
                return i;
            }
        }
        return to;
    }

    /** The table that {@code qualifier} means, or null; null for a qualifier is the only table there is. */
    @Nullable
    Ref byName(@Nullable String qualifier) {
        if (qualifier == null) {
            return refs.size() == 1 ? refs.getFirst() : null;
        }
        Ref found = null;
        for (Ref ref : refs) {
            if (ref.name().equals(qualifier)) {
                if (found != null) {
                    return null;
                }
                found = ref;
            }
        }
        return found;
    }
}
