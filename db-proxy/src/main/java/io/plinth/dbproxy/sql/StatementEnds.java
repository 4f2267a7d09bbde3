package io.plinth.dbproxy.sql;

import static io.plinth.dbproxy.sql.SqlTokens.*;

/** Where a statement ends among the tokens of several. Stateless. */
public final class StatementEnds {
    private StatementEnds() {}

    /** The first semicolon outside parentheses, and outside the body of an SQL function (BEGIN ATOMIC). */
    public static int end(SqlTokens tokens, int from) {
        int depth = 0;
        boolean create = tokens.is(from, "create");
        for (int i = from; i < tokens.count(); i++) {
            switch (tokens.kind(i)) {
                case OPEN -> depth++;
                case SHUT -> depth--;
                case SEMICOLON -> {
                    if (depth <= 0) {
                        return i;
                    }
                }
                default -> {
                    if (create && tokens.is(i, "begin") && tokens.is(i + 1, "atomic")) {
                        i = atomicEnd(tokens, i + 2);
                    }
                }
            }
        }
        return tokens.count();
    }

    /** The END that belongs to a BEGIN ATOMIC before {@code from}; only CASE has one of its own in there. */
    private static int atomicEnd(SqlTokens tokens, int from) {
        int open = 1;
        for (int i = from; i < tokens.count(); i++) {
            // After a dot or AS it may be a name.
            if (tokens.kind(i) == WORD && tokens.kind(i - 1) != DOT && !tokens.is(i - 1, "as")) {
                open += tokens.is(i, "case") ? 1 : tokens.is(i, "end") ? -1 : 0;
                if (open == 0) {
                    return i;
                }
            }
        }
        return tokens.count();
    }
}
