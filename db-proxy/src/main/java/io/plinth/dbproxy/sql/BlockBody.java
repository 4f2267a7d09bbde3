package io.plinth.dbproxy.sql;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/** Looks into the body of a DO block for what it may leave in the session. Stateless. */
public final class BlockBody {
    private static final int MOST_TOKENS = 100_000;
    private static final int DEEPEST = 4;

    private static final Pattern SUSPICIOUS = Pattern.compile("temp|advisory|set_config|listen|\\bset\\b");

    private BlockBody() {}

    /** Whether any text among the tokens, run as code, may leave something behind. */
    public static boolean leavesSomething(SqlTokens tokens, int from, int to) {
        return texts(tokens, from, to, 0);
    }

    private static boolean texts(SqlTokens tokens, int from, int to, int depth) {
        for (int i = from; i < to; i++) {
            String text = switch (tokens.kind(i)) {
                case STRING -> tokens.value(i);
                case ESCAPED_STRING, OPAQUE, DOLLAR -> inner(tokens.text(i));
                default -> "";
            };
            if (!text.isEmpty() && code(text, depth)) {
                return true;
            }
        }
        return false;
    }

    /** What is between the quotes, dollars or not. */
    private static String inner(String text) {
        int quote = text.startsWith("$") ? text.indexOf('$', 1) + 1 : text.indexOf('\'') + 1;
        int end = text.length() - (text.startsWith("$") ? quote : 1);
        return quote < end ? text.substring(quote, end) : "";
    }

    private static boolean code(String text, int depth) {
        SqlTokens tokens = SqlLexer.lex(text.getBytes(StandardCharsets.UTF_8), MOST_TOKENS);
        if (tokens == null || depth == DEEPEST) {
            return SUSPICIOUS.matcher(text.toLowerCase(Locale.ROOT)).find();
        }
        for (int i = 0; i < tokens.count(); i++) {
            if (tokens.isName(i) && named(tokens, i)) {
                return true;
            }
        }
        return texts(tokens, 0, tokens.count(), depth + 1);
    }

    private static boolean named(SqlTokens tokens, int i) {
        String name = tokens.name(i).toLowerCase(Locale.ROOT);
        return switch (name) {
            case "set" ->
                begins(tokens, i)
                        && !tokens.is(i + 1, "local")
                        && !tokens.is(i + 1, "constraints")
                        && !tokens.is(i + 1, "transaction");
            case "reset" -> begins(tokens, i);
            case "set_config", "listen", "load", "hold", "prepare", "discard" -> true;
            default ->
                Functions.pins(name)
                        || name.startsWith("temp")
                        || name.startsWith("pg_temp")
                        || (name.contains("advisory") && !name.contains("xact"));
        };
    }

    /** Whether a statement may begin here: elsewhere SET belongs to UPDATE. */
    private static boolean begins(SqlTokens tokens, int i) {
        return i == 0
                || tokens.kind(i - 1) == SEMICOLON
                || tokens.is(i - 1, "begin")
                || tokens.is(i - 1, "then")
                || tokens.is(i - 1, "else")
                || tokens.is(i - 1, "loop")
                || tokens.isOperator(i - 1, ">>");
    }
}
