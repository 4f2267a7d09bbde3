package io.plinth.dbproxy.rule;

import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the rules say of the group that a session runs now. Owned by the session's event loop. */
public final class Ruling {
    private final List<Rule> begun = new ArrayList<>();
    private @Nullable Duration timeout;

    /** A statement of the group is to run; throws when a rule forbids it. */
    public void begin(List<Rule> matching, String user) throws SqlException {
        Rule denying = RuleSet.denying(matching, user);
        if (denying != null) {
            denying.denied();
            throw new SqlException(new SqlError(
                    "42501",
                    denying.config().deny() + " (rule " + denying.name() + ")",
                    "The proxy's file has the rule."));
        }
        boolean timed = false;
        for (Rule rule : matching) {
            if (!rule.concerns(user)) {
                continue;
            }
            String why = rule.begin();
            if (why != null) {
                throw new SqlException(new SqlError(
                        "53400",
                        "rule " + rule.name() + ": " + why,
                        "Try again later; the proxy's file has the rule."));
            }
            begun.add(rule);
            if (!timed && !rule.config().timeout().isZero()) {
                timed = true;
                Duration its = rule.config().timeout();
                timeout = timeout == null || its.compareTo(timeout) < 0 ? its : timeout;
            }
        }
    }

    /** After which time the group is cancelled, or null. */
    public @Nullable Duration timeout() {
        return timeout;
    }

    /** The group is over. */
    public void end() {
        if (!begun.isEmpty()) {
            begun.forEach(Rule::end);
            begun.clear();
        }
        timeout = null;
    }
}
