package io.plinth.dbproxy.sql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A text of SQL apart from what its literals, blanks and comments say: texts of one shape have the same tokens, byte for byte,
 * but for numbers and strings, of which only the kind is the same. Immutable, as the tokens are by then.
 */
public final class TokenShape {
    /** What the arrays of a text's tokens take beside its bytes. */
    private static final int OVERHEAD = 200;

    private final SqlTokens tokens;
    private final int hash;
    private final boolean literals;

    public TokenShape(SqlTokens tokens) {
        this.tokens = tokens;
        byte[] sql = tokens.sql();
        int mixed = tokens.count();
        boolean found = false;
        for (int i = 0; i < tokens.count(); i++) {
            byte kind = tokens.kind(i);
            mixed = 31 * mixed + kind;
            if (isLiteral(kind)) {
                found = true;
            } else {
                // Enough to tell statements apart; equals() looks at every byte.
                int from = tokens.from(i);
                int to = tokens.to(i);
                mixed = 31 * mixed + ((to - from) << 16 | sql[from] << 8 | sql[to - 1]);
                mixed = 31 * mixed + sql[(from + to) >>> 1];
            }
        }
        hash = mixed ^ (mixed >>> 15);
        literals = found;
    }

    static boolean isLiteral(byte kind) {
        return switch (kind) {
            case SqlTokens.STRING, SqlTokens.ESCAPED_STRING, SqlTokens.INTEGER, SqlTokens.DECIMAL -> true;
            default -> false;
        };
    }

    /** Whether other texts may have the same shape. */
    public boolean hasLiterals() {
        return literals;
    }

    public SqlTokens tokens() {
        return tokens;
    }

    /** Memory it takes, about. */
    public long bytes() {
        return OVERHEAD + tokens.sql().length + 9L * Math.max(32, tokens.count());
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenShape shape && hash == shape.hash && sameAs(shape.tokens);
    }

    private boolean sameAs(SqlTokens others) {
        if (others.count() != tokens.count()) {
            return false;
        }
        for (int i = 0; i < tokens.count(); i++) {
            byte kind = tokens.kind(i);
            if (kind != others.kind(i)
                    || (!isLiteral(kind)
                            && !Arrays.equals(
                                    tokens.sql(),
                                    tokens.from(i),
                                    tokens.to(i),
                                    others.sql(),
                                    others.from(i),
                                    others.to(i)))) {
                return false;
            }
        }
        return true;
    }
}
