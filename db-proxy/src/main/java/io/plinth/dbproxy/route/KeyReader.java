package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Constant;
import io.plinth.dbproxy.route.StatementPlan.Elements;
import io.plinth.dbproxy.route.StatementPlan.Parameter;
import io.plinth.dbproxy.route.StatementPlan.Part;
import io.plinth.dbproxy.shard.ArrayText;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a key's value: a literal or parameter, alone, in parentheses, or cast to the key's own type. */
final class KeyReader {
    private static final int MOST_PARAMETERS = 65_535;

    private final SqlTokens tokens;

    KeyReader(SqlTokens tokens) {
        this.tokens = tokens;
    }

    /** The value that the tokens from {@code start} to {@code end} are, or null when they are anything else. */
    @Nullable
    Part constant(KeyType type, int start, int end) {
        boolean before = tokens.literalsRead();
        Part part = read(type, start, end);
        if (part instanceof Constant) {
            tokens.derives(part, start, end, before);
        }
        return part;
    }

    private @Nullable Part read(KeyType type, int start, int end) {
        int from = start;
        int to = end;
        while (to - from > 2 && tokens.kind(from) == OPEN && tokens.kind(to - 1) == SHUT) {
            from++;
            to--;
        }
        if (to - from >= 3 && tokens.kind(to - 2) == CAST && type.fits(tokens.name(to - 1))) {
            // character without a length is character(1): it would cut the value off.
            return type == KeyType.CHARACTER ? null : read(type, from, to - 2);
        }
        if (to - from >= 6 && tokens.kind(to - 5) == CAST && type == zoned(to - 4)) {
            return read(type, from, to - 5);
        }
        if (to - from == 2
                && type != KeyType.CHARACTER
                && type.fits(tokens.name(from))
                && tokens.kind(from + 1) == STRING) {
            return literal(type, tokens.value(from + 1));
        }
        boolean number = type == KeyType.BIGINT || type == KeyType.NUMERIC;
        if (to - from == 2 && number && isNumber(type, from + 1)) {
            boolean sign = tokens.isOperator(from, "-") || tokens.isOperator(from, "+");
            return sign ? literal(type, tokens.text(from) + tokens.text(from + 1)) : null;
        }
        if (to - from != 1) {
            return null;
        }
        return switch (tokens.kind(from)) {
            case INTEGER, DECIMAL -> number && isNumber(type, from) ? literal(type, tokens.text(from)) : null;
            case STRING -> literal(type, tokens.value(from));
            case PARAMETER -> parameter(tokens.text(from));
            default -> null;
        };
    }

    /** The type that is written as {@code timestamp with time zone}, or without; null for any other. */
    private @Nullable KeyType zoned(int i) {
        boolean timestamp = tokens.is(i, "timestamp") && tokens.is(i + 2, "time") && tokens.is(i + 3, "zone");
        return !timestamp
                ? null
                : tokens.is(i + 1, "with")
                        ? KeyType.TIMESTAMPTZ
                        : tokens.is(i + 1, "without") ? KeyType.TIMESTAMP : null;
    }

    private boolean isNumber(KeyType type, int i) {
        return tokens.kind(i) == INTEGER || (tokens.kind(i) == DECIMAL && type == KeyType.NUMERIC);
    }

    /** The values of {@code = ANY (...)}, whose argument stands from {@code start} to {@code end}; null for anything else. */
    @Nullable
    List<Part> any(KeyType type, int start, int end) {
        int from = start;
        int to = end;
        while (to - from > 2 && tokens.kind(from) == OPEN && tokens.kind(to - 1) == SHUT) {
            from++;
            to--;
        }
        boolean cast = to - from >= 5
                && tokens.kind(to - 4) == CAST
                && type.fits(tokens.name(to - 3))
                && tokens.text(to - 2).equals("[")
                && tokens.text(to - 1).equals("]");
        if (cast) {
            return any(type, from, to - 4);
        }
        if (to - from == 1 && tokens.kind(from) == PARAMETER) {
            int index = index(tokens.text(from));
            return index < 0 ? null : List.of(new Elements(index));
        }
        if (to - from == 1 && tokens.kind(from) == STRING) {
            return elements(type, tokens.value(from));
        }
        boolean array = to - from >= 3
                && tokens.is(from, "array")
                && tokens.text(from + 1).equals("[")
                && tokens.text(to - 1).equals("]");
        return array ? list(type, from + 2, to - 1) : null;
    }

    private static @Nullable List<Part> elements(KeyType type, String text) {
        List<@Nullable String> texts = ArrayText.elements(text);
        if (texts == null) {
            return null;
        }
        List<Part> parts = new ArrayList<>();
        for (String each : texts) {
            Part part = each == null ? null : literal(type, each);
            if (each != null && part == null) {
                return null;
            }
            if (part != null) {
                parts.add(part);
            }
        }
        return parts;
    }

    /** Values with commas between them; null when one of them is anything else. */
    @Nullable
    List<Part> list(KeyType type, int from, int end) {
        List<Part> found = new ArrayList<>();
        int start = from;
        int depth = 0;
        for (int i = from; i <= end; i++) {
            if (depth == 0 && (i == end || tokens.kind(i) == COMMA)) {
                Part part = constant(type, start, i);
                if (part == null) {
                    return null;
                }
                found.add(part);
                start = i + 1;
            }
            depth += tokens.kind(i) == OPEN ? 1 : tokens.kind(i) == SHUT ? -1 : 0;
        }
        return found;
    }

    private static @Nullable Part literal(KeyType type, String text) {
        Object value = type.value(text);
        return value == null ? null : new Constant(value);
    }

    private static @Nullable Part parameter(String text) {
        int index = index(text);
        return index < 0 ? null : new Parameter(index);
    }

    private static int index(String text) {
        try {
            int number = Integer.parseInt(text, 1, text.length(), 10);
            return number < 1 || number > MOST_PARAMETERS ? -1 : number - 1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
