package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.FromList.Join;
import io.plinth.dbproxy.route.FromList.Ref;
import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds, for each table, the key values that the conditions demand. */
final class KeyResolver {
    /** Two keys that a condition makes equal; with {@code oneWay} only the second follows from the first. */
    private record Link(Ref from, Ref to, boolean oneWay) {}

    private final SqlTokens tokens;
    private final FromList list;
    private final KeyReader reader;
    private final List<ShardKey> keys = new ArrayList<>();
    private final Set<Ref> fixed = new HashSet<>();
    private final List<Link> links = new ArrayList<>();

    KeyResolver(SqlTokens tokens, FromList list) {
        this.tokens = tokens;
        this.list = list;
        this.reader = new KeyReader(tokens);
    }

    Keyed resolve(int where, int whereEnd) throws Unroutable {
        if (where < whereEnd) {
            conjunction(where, whereEnd, true, null);
        }
        for (Ref ref : list.refs()) {
            if (ref.on() >= 0 && list.onlyInner()) {
                conjunction(ref.on(), ref.onEnd(), true, null);
            } else if (ref.on() >= 0 && ref.join() == Join.LEFT) {
                conjunction(ref.on(), ref.onEnd(), false, ref);
            }
        }
        follow();
        for (Ref ref : list.refs()) {
            if (!fixed.contains(ref)) {
                throw new Unroutable("sharded table " + ref.table().name() + ": the statement does not say which "
                        + (list.refs().size() > 1 ? ref.name() + "." : "")
                        + ref.table().key()
                        + " (expected: = a constant or parameter of its type, joined with AND)");
            }
        }
        return new Keyed(keys);
    }

    /** Whether the rows that a query joins are on the same shard, whichever that is. */
    boolean together() {
        if (list.refs().isEmpty()) {
            return false;
        }
        Set<Ref> reached = new HashSet<>();
        reached.add(list.refs().getFirst());
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Link link : links) {
                if (reached.contains(link.from)) {
                    changed |= reached.add(link.to);
                } else if (!link.oneWay && reached.contains(link.to)) {
                    changed |= reached.add(link.from);
                }
            }
        }
        return reached.size() == list.refs().size();
    }

    private void follow() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Link link : links) {
                if (fixed.contains(link.from)) {
                    changed |= fixed.add(link.to);
                } else if (!link.oneWay && fixed.contains(link.to)) {
                    changed |= fixed.add(link.from);
                }
            }
        }
    }

    /** Takes a condition apart at its ANDs; an OR makes it say nothing. {@code right} is a LEFT JOIN's right table. */
    private void conjunction(int from, int to, boolean binding, @Nullable Ref right) {
        List<Integer> cuts = new ArrayList<>();
        int depth = 0;
        boolean between = false;
        for (int i = from; i < to; i++) {
            if (tokens.kind(i) == OPEN || (tokens.is(i, "case") && tokens.kind(i - 1) != DOT)) {
                depth++;
            } else if (tokens.kind(i) == SHUT || (tokens.is(i, "end") && tokens.kind(i - 1) != DOT)) {
                depth--;
            } else if (depth == 0 && tokens.is(i, "or")) {
                return;
            } else if (depth == 0 && tokens.is(i, "between")) {
                between = true;
            } else if (depth == 0 && tokens.is(i, "and")) {
                // The AND of BETWEEN joins its bounds; what is around it is left unread as one piece.
                if (!between) {
                    cuts.add(i);
                }
                between = false;
            }
        }
        int start = from;
        for (int cut : cuts) {
            term(start, cut, binding, right);
            start = cut + 1;
        }
        term(start, to, binding, right);
    }

    private void term(int from, int to, boolean binding, @Nullable Ref right) {
        if (tokens.kind(from) == OPEN && closes(from) == to - 1) {
            conjunction(from + 1, to - 1, binding, right);
            return;
        }
        int column = columnEnd(from, to);
        if (column > 0 && tokens.isOperator(column, "=")) {
            if (equality(from, column, column + 1, to, binding, right)) {
                return;
            }
        } else if (column > 0 && binding && tokens.is(column, "in") && tokens.kind(column + 1) == OPEN) {
            list(from, column, column + 2, to - 1);
            return;
        }
        for (int i = from; binding && i < to; i++) {
            if (tokens.isOperator(i, "=") && columnEnd(i + 1, to) == to) {
                bind(i + 1, to, from, i);
                return;
            }
        }
    }

    private boolean equality(int left, int leftEnd, int right, int end, boolean binding, @Nullable Ref joined) {
        if (columnEnd(right, end) == end) {
            Ref a = keyOf(left, leftEnd);
            Ref b = keyOf(right, end);
            if (a != null
                    && b != null
                    && !a.equals(b)
                    && a.table().type() == b.table().type()) {
                if (binding) {
                    links.add(new Link(a, b, false));
                } else if (a.equals(joined)) {
                    links.add(new Link(b, a, true));
                } else if (b.equals(joined)) {
                    links.add(new Link(a, b, true));
                }
                return true;
            }
        }
        return binding && bind(left, leftEnd, right, end);
    }

    private boolean bind(int column, int columnEnd, int value, int valueEnd) {
        Ref ref = keyOf(column, columnEnd);
        ShardKey key = ref == null ? null : reader.constant(ref.table(), value, valueEnd);
        if (ref == null || key == null) {
            return false;
        }
        fixed.add(ref);
        keys.add(key);
        return true;
    }

    /** IN with constants: each of them is a key, and all must be on one shard. */
    private void list(int column, int columnEnd, int from, int close) {
        Ref ref = keyOf(column, columnEnd);
        if (ref == null || tokens.kind(close) != SHUT || closes(from - 1) != close) {
            return;
        }
        List<ShardKey> found = new ArrayList<>();
        int start = from;
        int depth = 0;
        for (int i = from; i <= close; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : 0;
            if (depth == 0 && (tokens.kind(i) == COMMA || i == close)) {
                ShardKey key = reader.constant(ref.table(), start, i);
                if (key == null) {
                    return;
                }
                found.add(key);
                start = i + 1;
            }
            depth -= tokens.kind(i) == SHUT ? 1 : 0;
        }
        keys.addAll(found);
        fixed.add(ref);
    }

    /** The token after a column's name at {@code from}, or -1 when there is none. */
    private int columnEnd(int from, int to) {
        int i = from;
        while (i + 2 < to + 1 && tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        return i < to && tokens.isName(i) ? i + 1 : -1;
    }

    /** The table whose key the column is, or null. */
    private @Nullable Ref keyOf(int from, int end) {
        String qualifier = end - from >= 3 ? tokens.name(end - 3) : null;
        Ref ref = list.byName(qualifier);
        return ref != null && tokens.name(end - 1).equals(ref.table().key()) ? ref : null;
    }

    private int closes(int open) {
        int depth = 0;
        for (int i = open; i < tokens.count(); i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return -1;
    }
}
