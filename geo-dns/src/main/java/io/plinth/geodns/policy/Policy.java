package io.plinth.geodns.policy;

import io.plinth.geodns.place.GeoIndex;
import io.plinth.geodns.place.Place;
import io.plinth.geodns.place.Ranking;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One policy as the file has it, its places compiled. Immutable.
 *
 * @param number of the policy, for counting and for zone nodes
 * @param index places to orders of members; null for {@link By#WEIGHTED}
 * @param picks how many addresses an answer has; 0 for all
 * @param upShare the share of a member's targets that have to be healthy for it to be used
 */
public record Policy(
        String name,
        int number,
        By by,
        List<Member> members,
        @Nullable GeoIndex index,
        Ranking ranking,
        Ttl ttl,
        int picks,
        boolean sticky,
        boolean fence,
        double upShare,
        Shedding shedding,
        AllDown allDown,
        @Nullable String fallback) {

    /** Policies within each other. */
    public static final int MAX_DEPTH = 8;

    public Policy {
        members = List.copyOf(members);
    }

    /** How a policy chooses. */
    public enum By {
        /** By place: regions' countries and continents, or a map of places, systems and networks. */
        GEO,
        /** The nearest by coordinates. */
        NEAREST,
        /** The quickest by measured latency, else the nearest. */
        LATENCY,
        /** By share. */
        WEIGHTED,
        /** The first that is healthy. */
        FAILOVER,
        /** Some of all that are healthy. */
        MULTIVALUE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is answered when nothing is healthy. */
    public enum AllDown {
        /** As if all were: the probes are more likely wrong than the world. */
        ALL,
        /** No addresses. */
        NONE,
        /** The fallback member, as if it were. */
        FALLBACK
    }

    /** Between what the TTL moves: it is the time to the next change that is possible. */
    public record Ttl(int floor, int ceiling) {}

    /** From which load on clients are sent on, and from which on all of them; percent. */
    public record Shedding(int from, int until) {
        /** Never. */
        public static final Shedding NEVER = new Shedding(Integer.MAX_VALUE, Integer.MAX_VALUE);

        /** Which part of the clients is sent on, in percent. */
        int percent(int load) {
            return load < from ? 0 : load >= until ? 100 : (load - from) * 100 / (until - from);
        }
    }

    /** Why clients at a place are served in their order, for people. */
    public String rule(@Nullable Place place, @Nullable Long system) {
        return ranking.explain(place, system);
    }

    /** Whether it, or a policy within it, has a name among its targets. */
    boolean answersNames(Map<String, Policy> policies) {
        return answersNames(policies, 0);
    }

    private boolean answersNames(Map<String, Policy> policies, int level) {
        return members.stream().anyMatch(member -> {
            String other = member.policy();
            Policy nested = other == null || level >= MAX_DEPTH ? null : policies.get(other);
            return member.targets().stream().anyMatch(Target::isName)
                    || (nested != null && nested.answersNames(policies, level + 1));
        });
    }

    /** Every target of its own. */
    public List<Target> targets() {
        return members.stream().flatMap(member -> member.targets().stream()).toList();
    }
}
