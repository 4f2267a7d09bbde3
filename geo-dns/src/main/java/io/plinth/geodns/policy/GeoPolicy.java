package io.plinth.geodns.policy;

import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sends each client to the first region of its order that has a healthy target. Immutable.
 *
 * <p>A region is chosen once for both address families, so that nobody gets IPv4 of one region and IPv6 of another.
 */
public final class GeoPolicy {
    private final String name;
    private final int ttl;
    private final List<String> unknownOrder;
    private final NavigableMap<String, List<Target>> targets;

    /**
     * A policy.
     *
     * @param targets at least one region, each with at least one target
     * @param unknownOrder every region, in the order for clients whose country is not known
     */
    public GeoPolicy(String name, int ttl, List<String> unknownOrder, NavigableMap<String, List<Target>> targets) {
        this.name = name;
        this.ttl = ttl;
        this.unknownOrder = List.copyOf(unknownOrder);
        this.targets = new TreeMap<>(targets);
    }

    public String name() {
        return name;
    }

    public List<Target> targets() {
        return targets.values().stream().flatMap(List::stream).toList();
    }

    /** The regions that have targets, in the order that serves clients of a numbered order. */
    public List<String> regions(int order, List<List<String>> orders) {
        List<String> all = order == GeoIndex.UNKNOWN ? unknownOrder : orders.get(order);
        return all.stream().filter(targets::containsKey).toList();
    }

    /** What to answer for each numbered order, given what is healthy now. */
    public Choices choose(List<List<String>> orders, Predicate<Target> healthy) {
        boolean allDown = targets().stream().noneMatch(healthy);
        // With everything down the probes are more likely wrong than the world: answer as if all were well.
        Predicate<Target> usable = allDown ? target -> true : healthy;
        Choice[] choices = new Choice[orders.size()];
        for (int order = 0; order < choices.length; order++) {
            choices[order] = choose(regions(order, orders), usable, allDown);
        }
        return new Choices(this, choices);
    }

    private Choice choose(List<String> regions, Predicate<Target> usable, boolean allDown) {
        for (String region : regions) {
            List<Target> up = targets.getOrDefault(region, List.of()).stream()
                    .filter(usable)
                    .toList();
            if (!up.isEmpty()) {
                return new Choice(region, records(RecordType.A, up), records(RecordType.AAAA, up), allDown);
            }
        }
        throw new IllegalStateException("policy " + name + " - no region of " + regions + " has a target");
    }

    private @Nullable RecordSet records(int type, List<Target> up) {
        List<Rdata> data = up.stream()
                .filter(target -> target.isIpv4() == (type == RecordType.A))
                .map(Target::data)
                .distinct()
                .toList();
        return data.isEmpty() ? null : new RecordSet(type, ttl, data);
    }
}
