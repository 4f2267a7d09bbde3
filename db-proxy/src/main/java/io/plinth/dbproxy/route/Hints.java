package io.plinth.dbproxy.route;

import io.plinth.dbproxy.route.StatementPlan.Kind;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a comment of the client's asks of the proxy: {@code plinth: primary}, {@code replica}, {@code shard=s1},
 * {@code key=user-42}; several with blanks or commas between them. Immutable.
 *
 * @param primary whether a read goes to the primary
 * @param replica whether a read that calls unknown functions may go to a replica all the same
 * @param shard where a statement goes that no key sends elsewhere, or null
 * @param key whose writes its reads see with {@code read-your-writes: key}, or null
 * @param wrong what is not understood, or null
 */
record Hints(
        boolean primary,
        boolean replica,
        @Nullable String shard,
        @Nullable String key,
        @Nullable String wrong) {
    private static final Pattern WORD = Pattern.compile("[^\\s,]+");
    private static final int LONGEST_KEY = 200;

    static Hints of(String text) {
        boolean primary = false;
        boolean replica = false;
        String shard = null;
        String key = null;
        String wrong = null;
        for (String word : WORD.matcher(text).results().map(MatchResult::group).toList()) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            switch (name) {
                case "primary" -> primary = true;
                case "replica" -> replica = true;
                case "shard" -> shard = value;
                case "key" -> key = value.length() > LONGEST_KEY ? null : value;
                default -> wrong = word;
            }
            if (value.isEmpty() == (equals >= 0) || value.length() > LONGEST_KEY) {
                wrong = word;
            }
        }
        return new Hints(primary, replica, shard, key, wrong);
    }

    /** The plan with them; tokens {@code from} on are the statement's. */
    StatementPlan apply(StatementPlan plan, SqlTokens tokens, int from) {
        if (wrong != null) {
            return plan.refused(
                    "hint: " + wrong + " (expected: primary, replica, shard=NAME or key=NAME)",
                    "Mend the comment that begins with plinth:, or leave it out.");
        }
        boolean query = plan.kind() == Kind.OTHER
                && (tokens.is(from, "select") || tokens.is(from, "values") || tokens.is(from, "table"));
        StatementPlan.Need need = plan.need();
        String at = shard;
        if (at != null) {
            boolean free = need instanceof StatementPlan.Unsharded || need instanceof StatementPlan.Anywhere;
            boolean spread = need instanceof StatementPlan.Scattered || need instanceof Refused;
            if (free || (query && spread) || need instanceof StatementPlan.Everywhere) {
                need = new StatementPlan.Hinted(at);
            }
        }
        boolean reads = query && plan.effect() instanceof StatementPlan.NoEffect;
        boolean readOnly = (plan.readOnly() || (replica && reads)) && !primary;
        return new StatementPlan(plan.kind(), readOnly, need, plan.effect());
    }
}
