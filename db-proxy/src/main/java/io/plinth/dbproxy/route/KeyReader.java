package io.plinth.dbproxy.route;

import static io.plinth.dbproxy.sql.SqlTokens.*;

import io.plinth.dbproxy.route.StatementPlan.Constant;
import io.plinth.dbproxy.route.StatementPlan.Parameter;
import io.plinth.dbproxy.route.StatementPlan.ShardKey;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
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
    ShardKey constant(ShardedTable table, int start, int end) {
        boolean before = tokens.literalsRead();
        ShardKey key = read(table, start, end);
        if (key instanceof Constant) {
            tokens.derives(key, start, end, before);
        }
        return key;
    }

    private @Nullable ShardKey read(ShardedTable table, int start, int end) {
        int from = start;
        int to = end;
        while (to - from > 2 && tokens.kind(from) == OPEN && tokens.kind(to - 1) == SHUT) {
            from++;
            to--;
        }
        if (to - from >= 3 && tokens.kind(to - 2) == CAST && table.type().fits(tokens.name(to - 1))) {
            return read(table, from, to - 2);
        }
        if (to - from == 2 && table.type().fits(tokens.name(from)) && tokens.kind(from + 1) == STRING) {
            return literal(table, tokens.value(from + 1));
        }
        if (to - from == 2 && tokens.kind(from + 1) == INTEGER && table.type() == KeyType.BIGINT) {
            boolean sign = tokens.isOperator(from, "-") || tokens.isOperator(from, "+");
            return sign ? literal(table, tokens.text(from) + tokens.text(from + 1)) : null;
        }
        if (to - from != 1) {
            return null;
        }
        return switch (tokens.kind(from)) {
            case INTEGER -> table.type() == KeyType.BIGINT ? literal(table, tokens.text(from)) : null;
            case STRING -> literal(table, tokens.value(from));
            case PARAMETER -> parameter(table, tokens.text(from));
            default -> null;
        };
    }

    private static @Nullable ShardKey literal(ShardedTable table, String text) {
        Long hash = table.type().hash(text);
        return hash == null ? null : new Constant(table, hash);
    }

    private static @Nullable ShardKey parameter(ShardedTable table, String text) {
        try {
            int number = Integer.parseInt(text, 1, text.length(), 10);
            return number < 1 || number > MOST_PARAMETERS ? null : new Parameter(table, number - 1);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
