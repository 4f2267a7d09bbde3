package io.plinth.geodns.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All policies with what each answers now. Immutable; {@link #withHealth} makes the next one. */
public final class Policies {
    /** None. */
    public static final Policies NONE = new Policies(Map.of(), Health.GOOD);

    private final Map<String, Policy> byName;
    private final @Nullable Chooser[] byNumber;
    private final BitSet naming = new BitSet();

    /** Policies by their names. */
    public Policies(Map<String, Policy> byName, Health health) {
        this.byName = Map.copyOf(byName);
        int most = this.byName.values().stream().mapToInt(Policy::number).max().orElse(-1);
        this.byNumber = new @Nullable Chooser[most + 1];
        PolicyCompiler compiler = new PolicyCompiler(this.byName, health);
        this.byName.values().forEach(policy -> byNumber[policy.number()] = compiler.root(policy));
        this.byName.values().stream()
                .filter(policy -> policy.answersNames(this.byName))
                .forEach(policy -> naming.set(policy.number()));
    }

    /** The same policies under another view of what is healthy. */
    public Policies withHealth(Health health) {
        return new Policies(byName, health);
    }

    /** What a policy answers to a client; null for a number of no policy. */
    public @Nullable Choice choose(int number, Client client) {
        Chooser chooser = number < byNumber.length ? byNumber[number] : null;
        return chooser == null ? null : chooser.choose(client);
    }

    /** Whether a policy may answer with an alias instead of addresses. */
    public boolean answersNames(int number) {
        return number >= 0 && naming.get(number);
    }

    /** Whether nothing of a policy is healthy. */
    public boolean allDown(Policy policy) {
        Chooser chooser = byNumber[policy.number()];
        return chooser != null && chooser.allDown();
    }

    /** Every policy. */
    public List<Policy> all() {
        return new ArrayList<>(byName.values());
    }

    /** A policy by its name, or null. */
    public @Nullable Policy find(String name) {
        return byName.get(name);
    }
}
