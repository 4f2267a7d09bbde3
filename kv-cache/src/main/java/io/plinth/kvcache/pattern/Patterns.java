package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.KeyRef;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Immutable: the rules, the longest prefix first. */
public final class Patterns {
    /** No rule. */
    public static final Patterns NONE =
            new Patterns(Map.of(), name -> new PatternCounts(), IntUnaryOperator.identity());

    private final List<PatternRule> rules;
    private final boolean quotas;

    /** {@code counts}: what was counted for a pattern of a name so far; {@code stored}: a database's number in records. */
    public Patterns(Map<String, PatternConfig> given, Function<String, PatternCounts> counts, IntUnaryOperator stored) {
        rules = given.entrySet().stream()
                .map(each -> new PatternRule(each.getKey(), each.getValue(), counts.apply(each.getKey()), stored))
                .sorted(Comparator.comparingInt(PatternRule::prefixLength)
                        .reversed()
                        .thenComparing(PatternRule::name))
                .toList();
        quotas = rules.stream().anyMatch(PatternRule::hasQuota);
    }

    public boolean isEmpty() {
        return rules.isEmpty();
    }

    /** All of them. */
    public List<PatternRule> rules() {
        return rules;
    }

    /** Whether a rule with a quota is for keys of one of these databases. */
    boolean quotas(int one, int other) {
        return rules.stream().anyMatch(rule -> rule.hasQuota() && (rule.database() == one || rule.database() == other));
    }

    /** Whether any has a quota. */
    public boolean quotas() {
        return quotas;
    }

    /** The rule for a key, or null. */
    public @Nullable PatternRule match(int db, byte[] buffer, int offset, int length) {
        for (int i = 0; i < rules.size(); i++) {
            PatternRule rule = rules.get(i);
            if (rule.fits(db, buffer, offset, length)) {
                return rule;
            }
        }
        return null;
    }

    /** The rule for a key, or null. */
    public @Nullable PatternRule match(KeyRef key) {
        return match(key.db(), key.buffer(), key.offset(), key.length());
    }
}
