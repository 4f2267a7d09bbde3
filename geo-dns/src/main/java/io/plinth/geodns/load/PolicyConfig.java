package io.plinth.geodns.load;

import io.plinth.geodns.policy.Policy;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Key;
import io.plinth.kit.config.Range;
import io.plinth.kit.health.HealthCheckConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One policy. */
@Doc("Answers A and AAAA of its names, and of names that have a POLICY record with its own, with targets of the"
        + " member it chooses. What the zone files have at its names is what other servers would answer; here it"
        + " is left out of account.")
public record PolicyConfig(
        @Doc("How it chooses: geo, nearest, latency, weighted, failover or multivalue.") @Default("geo")
        Policy.By by,

        @Doc("The names it answers for, each in one of the zones; a wildcard is such a name too.")
        List<String> names,

        @Doc("Members and their addresses, IPv4 and IPv6; or one name elsewhere alone, with a dot at its end, answered"
                + " as CNAME; or `policy:NAME` alone for another policy. With `by: geo` and no map the members are"
                + " regions.")
        Map<String, List<String>> targets,

        @Doc("How the targets' health is probed; always taken for healthy where left out. The port is 80, or"
                + " 443 with TLS, where left out. Relative paths start at this file's folder. A weight that a `file`"
                + " says is taken of the member's with `by: weighted`.")
        @Nullable
        HealthCheckConfig health,

        @Doc("Where targets are probed instead of at the address that is answered, by that address.")
        Map<String, String> probeAt,

        @Doc("The member for users of unknown whereabouts; where left out, the node's own region if it is a member,"
                + " else the first by name.")
        @Nullable
        @Key("default")
        String fallback,

        @Doc("How long resolvers keep an answer at most, and so how late they learn of a failover.")
        @Default("30s")
        @Range(min = "1s", max = "1d")
        Duration ttl,

        @Doc("How short that may become, as an answer holds until the next possible change of health: of a healthy"
                + " target after `interval` times `fall`, less by the failures there were. Half the ttl where left out,"
                + " which is what every answer has when probes are quicker than that; the ttl itself for a TTL that"
                + " never moves.")
        @Nullable
        @Range(min = "1s", max = "1d")
        Duration minTtl,

        @Doc("Members by place, the best first: EU, EU/DE, EU/DE/BY, EU/DE/MUNICH or AS64500; the nearest ancestor"
                + " counts.")
        Map<String, List<String>> map,

        @Doc("Members by network, the best first; counts more than any place.")
        Map<String, List<String>> networks,

        @Doc("A file of more such networks, one a line: 192.0.2.0/24 member member. With `by: latency` each member"
                + " has its milliseconds: 192.0.2.0/24 eu=12 us=80.")
        @Nullable
        String networksFile,

        @Doc("Where members are, as in `50.1, 8.7`.") Map<String, String> coordinates,

        @Doc("Kilometres taken off a member's distance.") Map<String, Integer> bias,

        @Doc("How many of the nearest members are told apart; fewer make answers that hold for more clients.")
        @Default("3")
        @Range(min = "1", max = "100")
        int nearest,

        @Doc("Shares of members; 1 where left out, 0 for none.")
        Map<String, Integer> weights,

        @Doc("Whether a client's network always gets the same member.") @Default("false")
        boolean sticky,

        @Doc("Members, the best first, for failover; by name where left out.")
        List<String> order,

        @Doc("How many addresses an answer has; 0 for all of the member.") @Default("0") @Range(max = "100")
        int picks,

        @Doc("Whether users never leave the member that is theirs.") @Default("false")
        boolean fence,

        @Doc("Whether users never leave the members that the entry of their place or network names, or that `nearest`"
                + " tells apart, or `order`; all others follow where it is false.")
        @Default("false")
        boolean strict,

        @Doc("The share of a member's targets, in percent, that has to be healthy for it to be used; 0 for any one."
                + " With `by: weighted` the share of all members' weights, below which all are answered.")
        @Default("0")
        @Range(max = "100")
        int upShare,

        @Doc("The load of a member, in percent, from which on some of its users are sent to the next; see /loads.")
        @Nullable
        @Range(min = "1", max = "100")
        Integer shedFrom,

        @Doc("The load at which all are.") @Default("100") @Range(min = "1", max = "1000")
        int shedUntil,

        @Doc("With nothing healthy: all as if it were, none, or fallback: the default member as if it were.")
        @Default("all")
        Policy.AllDown onAllDown) {
    /** What a target says that is another policy. */
    public static final String NESTED = "policy:";

    /** The policy a member is, or null. */
    public @Nullable String nested(String member) {
        List<String> addresses = targets.getOrDefault(member, List.of());
        return addresses.size() == 1 && addresses.getFirst().startsWith(NESTED)
                ? addresses.getFirst().substring(NESTED.length())
                : null;
    }

    /** Whether members are regions of the stack. */
    boolean isByRegion() {
        return by == Policy.By.GEO && map.isEmpty();
    }
}
