package io.plinth.dbproxy.rule;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One rule of a database. */
@Doc("A rule for statements. What it names must all match; of the rules that match, the first that denies, routes"
        + " or times out does, and all that limit do.")
public record RuleConfig(
        @Doc("Rules with a higher one come first; those with the same by name.")
        @Default("0")
        @Range(min = "-1000000", max = "1000000")
        int priority,

        @Doc("The statement's fingerprint, 16 digits as /statements shows it.") @Nullable
        String fingerprint,

        @Doc("An expression in RE2's syntax that is found in the statement without its values, as /statements shows"
                + " it: words in lower case, one blank between tokens, ? for values.")
        @Nullable
        String regex,

        @Doc("The client's user.") @Nullable String user,

        @Doc("A table that it names, with or without its schema.") @Nullable
        String table,

        @Doc("read, write, or the word a statement begins with, such as delete or create.") @Nullable
        String kind,

        @Doc("Refuses it, with this message.") @Nullable String deny,

        @Doc("Where it goes, as a comment of the client's would say: primary, replica or shard=NAME.") @Nullable
        String route,

        @Doc("Cancels it after this time, the wait for a server connection included; 0ms for never.")
        @Default("0ms")
        @Range(min = "0ms", max = "1d")
        Duration timeout,

        @Doc("How many may run at once on this node, the others are refused; 0 for no bound.")
        @Default("0")
        @Range(min = "0", max = "1000000")
        int concurrency,

        @Doc("How many may begin in a second on this node, the others are refused; 0 for no bound.")
        @Default("0")
        @Range(min = "0", max = "1000000")
        int rate) {

    /** Reports what is wrong with it. */
    public void check(Check check, String path, Set<String> shards) {
        if (fingerprint != null && !fingerprint.matches("[0-9a-f]{16}")) {
            check.problem(path + ".fingerprint", "fingerprint: " + fingerprint + " (expected: 16 digits 0-9a-f)");
        }
        if (regex != null) {
            try {
                StatementPattern.of(regex);
            } catch (IllegalArgumentException e) {
                check.problem(path + ".regex", String.valueOf(e.getMessage()));
            }
        }
        if (route != null) {
            String shard = route.startsWith("shard=") ? route.substring(6) : null;
            if (shard != null) {
                check.reference(path + ".route", "shard", shard, shards);
            } else if (!route.equals("primary") && !route.equals("replica")) {
                check.problem(path + ".route", "route: " + route + " (expected: primary, replica or shard=NAME)");
            }
        }
        if (deny == null && route == null && timeout.isZero() && concurrency == 0 && rate == 0) {
            check.problem(path, "rule without an action (expected: deny, route, timeout, concurrency or rate)");
        }
    }
}
