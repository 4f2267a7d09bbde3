package io.plinth.geodns.policy;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** All policies with what each answers now. Immutable; {@link #withHealth} makes the next one. */
public final class Policies {
    private final GeoIndex index;
    private final Map<Name, GeoPolicy> byName;
    private final List<Choices> all;
    private final NameTable<Choices> choices;

    /** Policies by the names they answer for; a policy may have several names. */
    public Policies(GeoIndex index, Map<Name, GeoPolicy> byName, Predicate<Target> healthy) {
        this.index = index;
        this.byName = Map.copyOf(byName);
        Map<GeoPolicy, Choices> made = this.byName.values().stream()
                .distinct()
                .collect(Collectors.toMap(policy -> policy, policy -> policy.choose(index.orders(), healthy)));
        this.all = List.copyOf(made.values());
        this.choices = new NameTable<>(this.byName.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> made.get(entry.getValue()))));
    }

    /** The same policies under another view of what is healthy. */
    public Policies withHealth(Predicate<Target> healthy) {
        return new Policies(index, byName, healthy);
    }

    public GeoIndex index() {
        return index;
    }

    /** What answers for a name, or null. */
    public @Nullable Choices find(Name name) {
        return choices.get(name);
    }

    /** Every policy that has a name. */
    public List<Choices> all() {
        return all;
    }
}
