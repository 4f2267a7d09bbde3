package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.FromList.Join;
import io.plinth.dbproxy.route.FromList.Ref;
import io.plinth.dbproxy.route.StatementPlan.Elements;
import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Part;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds, for each table, the key values that the conditions demand. */
final class KeyResolver {
    /** Keys that one table's conditions may stand for; more of them are not told apart. */
    private static final int MOST_KEYS = 1_000_000;

    /** A column of a table's key. */
    private record Node(Ref ref, int column) {
        KeyType type() {
            return ref.table().columns().get(column).type();
        }
    }

    /** Two columns that a condition makes equal; with {@code oneWay} only the second follows from the first. */
    private record Link(Node from, Node to, boolean oneWay) {}

    /** What a condition is taken apart by. */
    private static final Words PARTS = Words.of("case", "end", "or", "between", "and");

    private final SqlTokens tokens;
    private final FromList list;
    private final KeyReader reader;
    private final Map<Node, List<Part>> values = new HashMap<>();
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
        Set<Node> said = links.isEmpty() ? values.keySet() : new HashSet<>(values.keySet());
        follow();
        List<ShardKey> keys = new ArrayList<>();
        for (Ref ref : list.refs()) {
            if (ref.table().keyed()) {
                keys(ref, said, keys);
            }
        }
        return new Keyed(keys);
    }

    private void keys(Ref ref, Set<Node> said, List<ShardKey> keys) throws Unroutable {
        List<List<Part>> all = List.of(List.of());
        boolean own = false;
        for (int i = 0; i < ref.table().columns().size(); i++) {
            Node node = new Node(ref, i);
            List<Part> found = values.get(node);
            if (found == null || (long) all.size() * found.size() > MOST_KEYS) {
                throw new Unroutable("sharded table " + ref.table().name() + ": the statement does not say which "
                        + (list.refs().size() > 1 ? ref.name() + "." : "")
                        + ref.table().columns().get(i).name()
                        + " (expected: = a constant or parameter of its type, joined with AND)");
            }
            own |= said.contains(node);
            List<List<Part>> longer = new ArrayList<>();
            for (List<Part> before : all) {
                for (Part part : found) {
                    longer.add(with(before, part));
                }
            }
            all = longer;
        }
        // A key that follows from another table's, spread alike, says nothing more.
        if (own || keys.isEmpty() || !led(ref)) {
            all.forEach(parts -> keys.add(new ShardKey(ref.table(), parts)));
        }
    }

    private static List<Part> with(List<Part> before, Part part) {
        if (before.isEmpty()) {
            return List.of(part);
        }
        List<Part> with = new ArrayList<>(before);
        with.add(part);
        return with;
    }

    private boolean led(Ref ref) {
        for (Ref other : list.refs()) {
            if (other.equals(ref)) {
                return false;
            }
            if (other.table().keyed() && joined(other, ref)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the rows that a query joins are on the same shard, whichever that is. */
    boolean together() {
        List<Ref> keyed =
                list.refs().stream().filter(ref -> ref.table().keyed()).toList();
        if (keyed.isEmpty() || !list.copiesOnlyAdd()) {
            return false;
        }
        Set<Ref> reached = new HashSet<>();
        reached.add(keyed.getFirst());
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Ref from : keyed) {
                for (Ref to : keyed) {
                    if (reached.contains(from) && !reached.contains(to) && joined(from, to)) {
                        changed |= reached.add(to);
                    }
                }
            }
        }
        return reached.size() == keyed.size();
    }

    /** Whether rows of {@code to} that match are on the shard of the row of {@code from}. */
    private boolean joined(Ref from, Ref to) {
        if (!from.table().together(to.table())) {
            return false;
        }
        for (int i = 0; i < from.table().columns().size(); i++) {
            Node a = new Node(from, i);
            Node b = new Node(to, i);
            if (!linked(a, b)) {
                return false;
            }
        }
        return true;
    }

    private boolean linked(Node a, Node b) {
        for (Link link : links) {
            if ((link.from.equals(a) && link.to.equals(b))
                    || (!link.oneWay && link.from.equals(b) && link.to.equals(a))) {
                return true;
            }
        }
        return false;
    }

    private void follow() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Link link : links) {
                changed |= inherit(link.from, link.to);
                changed |= !link.oneWay && inherit(link.to, link.from);
            }
        }
    }

    private boolean inherit(Node from, Node to) {
        List<Part> found = values.get(from);
        return found != null && values.putIfAbsent(to, found) == null;
    }

    /** Takes a condition apart at its ANDs; an OR makes it say nothing. {@code right} is a LEFT JOIN's right table. */
    private void conjunction(int from, int to, boolean binding, @Nullable Ref right) {
        List<Integer> cuts = new ArrayList<>();
        int depth = 0;
        boolean between = false;
        for (int i = from; i < to; i++) {
            boolean part = tokens.isOneOf(i, PARTS);
            if (tokens.kind(i) == OPEN || (part && tokens.is(i, "case") && tokens.kind(i - 1) != DOT)) {
                depth++;
            } else if (tokens.kind(i) == SHUT || (part && tokens.is(i, "end") && tokens.kind(i - 1) != DOT)) {
                depth--;
            } else if (part && depth == 0 && tokens.is(i, "or")) {
                return;
            } else if (part && depth == 0 && tokens.is(i, "between")) {
                between = true;
            } else if (part && depth == 0 && tokens.is(i, "and")) {
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
            if (binding && any(from, column, column + 1, to)) {
                return;
            }
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
            Node a = keyOf(left, leftEnd);
            Node b = keyOf(right, end);
            if (a != null && b != null && !a.ref.equals(b.ref) && a.type() == b.type()) {
                if (binding) {
                    links.add(new Link(a, b, false));
                } else if (a.ref.equals(joined)) {
                    links.add(new Link(b, a, true));
                } else if (b.ref.equals(joined)) {
                    links.add(new Link(a, b, true));
                }
                return true;
            }
        }
        return binding && bind(left, leftEnd, right, end);
    }

    private boolean bind(int column, int columnEnd, int value, int valueEnd) {
        Node node = keyOf(column, columnEnd);
        Part part = node == null ? null : reader.constant(node.type(), value, valueEnd);
        return node != null && part != null && fix(node, List.of(part));
    }

    /** Of several conditions the one with the fewest values counts: each of them has to hold. */
    private boolean fix(Node node, List<Part> parts) {
        List<Part> before = values.get(node);
        if (before == null) {
            values.put(node, parts);
        } else if (before.size() == 1 && parts.size() == 1 && !several(before) && !several(parts)) {
            // Both are kept: keys of two shards are told apart only when they are bound.
            List<Part> both = new ArrayList<>(before);
            both.addAll(parts);
            values.put(node, before.equals(parts) ? before : both);
        } else if (several(before) || (parts.size() < before.size() && !several(parts))) {
            values.put(node, parts);
        }
        return true;
    }

    /** Whether one of them stands for any number of values. */
    static boolean several(List<Part> parts) {
        for (Part part : parts) {
            if (part instanceof Elements) {
                return true;
            }
        }
        return false;
    }

    /** {@code = ANY (array)}. */
    private boolean any(int column, int columnEnd, int from, int to) {
        Node node = keyOf(column, columnEnd);
        boolean call = (tokens.is(from, "any") || tokens.is(from, "some"))
                && tokens.kind(from + 1) == OPEN
                && closes(from + 1) == to - 1;
        List<Part> parts = node == null || !call ? null : reader.any(node.type(), from + 2, to - 1);
        return node != null && parts != null && fix(node, parts);
    }

    /** IN with constants: each of them is a key. */
    private void list(int column, int columnEnd, int from, int close) {
        Node node = keyOf(column, columnEnd);
        if (node == null || tokens.kind(close) != SHUT || closes(from - 1) != close) {
            return;
        }
        List<Part> found = reader.list(node.type(), from, close);
        if (found != null) {
            fix(node, found);
        }
    }

    /** The token after a column's name at {@code from}, or -1 when there is none. */
    private int columnEnd(int from, int to) {
        int i = from;
        while (i + 2 < to + 1 && tokens.isName(i) && tokens.kind(i + 1) == DOT) {
            i += 2;
        }
        return i < to && tokens.isName(i) ? i + 1 : -1;
    }

    /** The key's column that the name is, or null. */
    private @Nullable Node keyOf(int from, int end) {
        String qualifier = end - from >= 3 ? tokens.name(end - 3) : null;
        Ref ref = list.byName(qualifier);
        int column = ref == null ? -1 : ref.table().column(tokens.name(end - 1));
        return ref == null || column < 0 ? null : new Node(ref, column);
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
