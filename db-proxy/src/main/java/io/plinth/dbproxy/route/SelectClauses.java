package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the clauses of a SELECT stand among its tokens; {@code to} for one that is not there. Used once. */
final class SelectClauses {
    /** Tokens from {@code start} to {@code end}, the latter not included. */
    record Span(int start, int end) {}

    /** Words that may end an expression without being its name, or stand before one that is not. */
    private static final Set<String> NO_LABEL = Set.of("""
        null true false unknown end isnull notnull document precision varying zone normalized local year month day hour
        minute second not distinct all is collate
        """.strip().split("\\s+"));

    private final SqlTokens tokens;
    private final int from;
    private final int to;
    int tables;
    int where;
    int group;
    int having;
    int order;
    int limit;
    int offset;
    int fetch;

    SelectClauses(SqlTokens tokens, int from, int to) {
        this.tokens = tokens;
        this.from = from;
        this.to = to;
    }

    void read() throws Unroutable {
        tables = clause("from", null);
        where = clause("where", null);
        group = clause("group", "by");
        having = clause("having", null);
        order = clause("order", "by");
        limit = clause("limit", null);
        offset = clause("offset", null);
        fetch = clause("fetch", null);
        if (tables == to) {
            throw MergeParser.refuse("no FROM");
        }
    }

    private int clause(String word, @Nullable String second) {
        int depth = 0;
        for (int i = from; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            boolean here = depth == 0 && tokens.is(i, word) && tokens.kind(i - 1) != DOT && !tokens.is(i - 1, "as");
            if (here && !tokens.is(i - 1, "distinct") && (second == null || tokens.is(i + 1, second))) {
                return i;
            }
        }
        return to;
    }

    int first(int... candidates) {
        int least = to;
        for (int candidate : candidates) {
            least = Math.min(least, candidate);
        }
        return least;
    }

    void split(int start, int end, List<Span> parts) {
        int depth = 0;
        int begin = start;
        for (int i = start; i < end; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0 && tokens.kind(i) == COMMA) {
                parts.add(new Span(begin, i));
                begin = i + 1;
            }
        }
        parts.add(new Span(begin, end));
    }

    int depthAt(int at) {
        int depth = 0;
        for (int i = from; i < at; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
        }
        return depth;
    }

    int closing(int open) {
        int depth = 0;
        for (int i = open; i < to; i++) {
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return to;
    }

    String text(Span span) {
        StringBuilder text = new StringBuilder();
        for (int i = span.start(); i < span.end(); i++) {
            text.append(tokens.isName(i) ? tokens.name(i) : tokens.text(i)).append(' ');
        }
        return text.toString();
    }

    List<Span> ordering() {
        List<Span> by = new ArrayList<>();
        if (order < to) {
            split(order + 2, first(limit, offset, fetch), by);
        }
        return by;
    }

    /** The number or parameter that the tokens from {@code start} to {@code end} are, in parentheses or cast or not; or -1. */
    int literal(int start, int end) {
        int at = start;
        int stop = end;
        while (stop - at > 2 && tokens.kind(at) == OPEN && tokens.kind(stop - 1) == SHUT) {
            at++;
            stop--;
        }
        if (stop - at == 3 && tokens.kind(stop - 2) == CAST && tokens.isName(stop - 1)) {
            stop -= 2;
        }
        return stop - at == 1 ? at : -1;
    }

    /** Whether the number or parameter is not cast, or to a type that has it as it is. */
    boolean castKeeps(int literal) {
        if (tokens.kind(literal + 1) != CAST) {
            return true;
        }
        return switch (tokens.name(literal + 2)) {
            case "numeric", "decimal" -> true;
            case "int", "integer", "int2", "int4", "int8", "smallint", "bigint" -> tokens.kind(literal) != DECIMAL;
            default -> false;
        };
    }

    /** The text of a number, which drivers may write as a string that is cast. */
    String number(int token) {
        return tokens.kind(token) == STRING ? tokens.value(token).strip() : tokens.text(token);
    }

    int parameter(int i) throws Unroutable {
        try {
            return Integer.parseInt(tokens.text(i).substring(1)) - 1;
        } catch (NumberFormatException e) {
            throw MergeParser.refuse("parameter " + tokens.text(i));
        }
    }

    /** The token that says how many rows, of LIMIT, OFFSET or FETCH; -1 for all. */
    int amount(int clause) throws Unroutable {
        if (clause == to || tokens.is(clause + 1, "all") || tokens.is(clause + 1, "null")) {
            return -1;
        }
        boolean fetches = clause == fetch;
        int at = fetches ? clause + 2 : clause + 1;
        int end = tokens.kind(at) == OPEN ? closing(at) + 1 : at + 1;
        int found = literal(at, end);
        while (tokens.is(end, "rows") || tokens.is(end, "row") || (fetches && tokens.is(end, "only"))) {
            end++;
        }
        boolean last = end == to || end == limit || end == offset || end == fetch;
        boolean known = found >= 0
                && switch (tokens.kind(found)) {
                    case PARAMETER -> true;
                    case INTEGER, STRING -> number(found).matches("[0-9]{1,18}");
                    default -> false;
                };
        if (!last || !known || (fetches && !tokens.is(end - 1, "only"))) {
            throw MergeParser.refuse("LIMIT, OFFSET or FETCH other than a number or parameter");
        }
        return found;
    }

    /** As many rows as may be needed of each shard; and every parameter once, so that a server can tell its type. */
    String window(int most, int skipped, boolean pushed) {
        String rows = most < 0 ? "" : count(most);
        String left = skipped < 0 ? "" : count(skipped);
        if (pushed && most >= 0) {
            boolean numbers = tokens.kind(most) != PARAMETER && (skipped < 0 || tokens.kind(skipped) != PARAMETER);
            long sum = numbers ? Long.parseLong(rows) + (left.isEmpty() ? 0 : Long.parseLong(left)) : 0;
            return " LIMIT " + (numbers ? "" + sum : left.isEmpty() ? rows : sum(rows, left));
        }
        String unused = (tokens.kind(most) == PARAMETER ? rows : "")
                + (tokens.kind(most) == PARAMETER && tokens.kind(skipped) == PARAMETER ? " + " : "")
                + (tokens.kind(skipped) == PARAMETER ? left : "");
        return unused.isEmpty() ? "" : " OFFSET 0 * (" + unused + ")";
    }

    /** As numeric: two bigints may have no sum. Without a number of rows it is null, which least() leaves out. */
    private static String sum(String rows, String left) {
        return "least(" + rows + "::numeric + " + left + ", " + Long.MAX_VALUE + ")::bigint";
    }

    private String count(int token) {
        return tokens.kind(token) == PARAMETER ? tokens.text(token) + "::bigint" : number(token);
    }

    /** The name of an item that is a column and nothing more. */
    String column(Span item) {
        for (int i = item.start(); i < item.end(); i++) {
            if ((i - item.start()) % 2 == 0 ? !tokens.isName(i) : tokens.kind(i) != DOT) {
                return "";
            }
        }
        return (item.end() - item.start()) % 2 == 1 ? tokens.name(item.end() - 1) : "";
    }

    boolean isStar(Span item) {
        return tokens.isOperator(item.end() - 1, "*");
    }

    /** The name an item is surely given, with AS or without. */
    String alias(Span item) {
        return named(item) == 0 ? "" : tokens.name(item.end() - 1);
    }

    Span bare(Span item) {
        return new Span(item.start(), item.end() - named(item));
    }

    private int named(Span item) {
        int last = item.end() - 1;
        if (!tokens.isName(last) || last == item.start()) {
            return 0;
        }
        if (tokens.is(last - 1, "as")) {
            return last - 1 > item.start() ? 2 : 0;
        }
        boolean after = switch (tokens.kind(last - 1)) {
            case SHUT, INTEGER, DECIMAL, PARAMETER -> true;
            default -> !column(new Span(item.start(), last)).isEmpty() && !NO_LABEL.contains(tokens.name(last - 1));
        };
        return after && !NO_LABEL.contains(tokens.name(last)) ? 1 : 0;
    }
}
