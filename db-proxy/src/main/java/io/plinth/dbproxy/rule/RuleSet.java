package io.plinth.dbproxy.rule;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A database's rules in their order. Immutable but for the rules' counts. */
public final class RuleSet {
    public static final RuleSet NONE = new RuleSet(List.of());
    private static final int MOST_TOKENS = 1_000_000;

    private final List<Rule> rules;

    private RuleSet(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** The rules of the file; what did not change goes on counting. */
    public static RuleSet of(Map<String, RuleConfig> configs, RuleSet before, LongSupplier nanoTime) {
        List<Rule> rules = new ArrayList<>();
        configs.forEach((name, config) -> rules.add(before.rules.stream()
                .filter(rule -> rule.name().equals(name) && rule.config().equals(config))
                .findFirst()
                .orElseGet(() -> new Rule(name, config, nanoTime))));
        rules.sort(Comparator.comparingInt((Rule rule) -> -rule.config().priority())
                .thenComparing(Rule::name));
        return new RuleSet(rules);
    }

    public List<Rule> rules() {
        return rules;
    }

    public boolean isEmpty() {
        return rules.isEmpty();
    }

    /** Those that match a text, whoever sends it. */
    public List<Rule> matching(byte[] sql, SqlPlan plan) {
        SqlTokens tokens = SqlLexer.lex(sql, MOST_TOKENS);
        // What cannot be read has no words: rules that name nothing of the text apply all the same.
        SqlTokens read = tokens == null ? new SqlTokens(sql) : tokens;
        return rules.stream().filter(rule -> rule.matches(read, plan)).toList();
    }

    /** Those of them that concern what this user sends. */
    public static List<Rule> concerning(List<Rule> matching, String user) {
        return matching.stream().filter(rule -> rule.concerns(user)).toList();
    }

    /** The first of those that refuses what this user sends, or null. */
    public static @Nullable Rule denying(List<Rule> matching, String user) {
        for (Rule rule : matching) {
            if (rule.config().deny() != null && rule.concerns(user)) {
                return rule;
            }
        }
        return null;
    }

    /** The first of those that says where it goes, or null. */
    public static @Nullable Rule routing(List<Rule> matching, String user) {
        for (Rule rule : matching) {
            if (rule.config().route() != null && rule.concerns(user)) {
                return rule;
            }
        }
        return null;
    }
}
