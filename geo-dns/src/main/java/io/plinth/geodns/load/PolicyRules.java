package io.plinth.geodns.load;

import io.plinth.geodns.place.MapRanking;
import io.plinth.geodns.place.Network;
import io.plinth.geodns.place.Point;
import io.plinth.geodns.place.Regions;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.kit.config.Check;
import io.plinth.kit.health.HealthCheckConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What must hold of policies, beyond the form of each value. Stateless but for what it checks. */
public final class PolicyRules {
    private final Check check;
    private final Map<String, PolicyConfig> policies;

    /** Problems go to {@code check}. */
    public PolicyRules(Check check, Map<String, PolicyConfig> policies) {
        this.check = check;
        this.policies = policies;
    }

    /** Checks every policy, names left aside. */
    public void check() {
        policies.forEach((name, policy) -> {
            String path = "policies." + name;
            targets(path, policy);
            members(path, policy);
            if (policy.by() == Policy.By.GEO || policy.by() == Policy.By.LATENCY) {
                places(path, policy);
            }
            if (policy.by() == Policy.By.NEAREST
                    && !policy.coordinates()
                            .keySet()
                            .containsAll(policy.targets().keySet())) {
                check.problem(path, "no coordinates of every member (expected: `coordinates: { eu: \"50.1, 8.7\" }`)");
            }
            if (policy.by() == Policy.By.WEIGHTED
                    && !policy.targets().isEmpty()
                    && policy.targets().keySet().stream()
                            .allMatch(member -> policy.weights().getOrDefault(member, 1) <= 0)) {
                check.problem(path + ".weights", "no weight above 0 (expected: one at least)");
            }
            if (policy.onAllDown() == Policy.AllDown.FALLBACK && policy.fallback() == null) {
                check.problem(path + ".on-all-down", "no default (expected: `default: MEMBER` beside it)");
            }
            if (policy.fence() && policy.onAllDown() == Policy.AllDown.FALLBACK) {
                check.problem(
                        path + ".on-all-down",
                        "fallback (expected: all or none with `fence`, whose users never leave their member)");
            }
            Integer from = policy.shedFrom();
            if (from != null && from >= policy.shedUntil()) {
                check.problem(path + ".shed-from", from + " (expected: below shed-until, " + policy.shedUntil() + ")");
            }
            if (isNestedIn(name, name, new HashSet<>(), 0)) {
                check.problem(path + ".targets", "policies in a circle (expected: none that comes back to itself)");
            }
        });
        if (!policies.isEmpty()) {
            regions();
        }
    }

    private boolean isNestedIn(String name, String at, Set<String> seen, int depth) {
        PolicyConfig policy = policies.get(at);
        if (policy == null || !seen.add(at)) {
            return false;
        }
        for (String member : policy.targets().keySet()) {
            String nested = policy.nested(member);
            if (nested != null
                    && (nested.equals(name)
                            || depth >= Policy.MAX_DEPTH
                            || isNestedIn(name, nested, seen, depth + 1))) {
                return true;
            }
        }
        return false;
    }

    private void targets(String path, PolicyConfig policy) {
        TreeSet<String> regions = new TreeSet<>(check.stack().regions().keySet());
        if (regions.isEmpty()) {
            regions.add("local");
        }
        if (policy.targets().isEmpty()) {
            check.problem(path, "no targets (expected: `targets: { " + regions.first() + ": [192.0.2.10] }`)");
        }
        policy.targets().forEach((member, addresses) -> {
            String at = path + ".targets." + member;
            if (policy.isByRegion() && !regions.contains(member)) {
                check.problem(at, "no region `" + member + "` (expected: one of " + String.join(", ", regions) + ")");
            }
            if (addresses.isEmpty()) {
                check.problem(at, "no addresses (expected: at least one, such as [192.0.2.10])");
            }
            String nested = policy.nested(member);
            if (nested != null) {
                check.reference(at, "policy", nested, policies.keySet());
                if (policy.by() == Policy.By.MULTIVALUE) {
                    check.problem(at, "policy `" + nested + "` (expected: addresses, with `by: multivalue`)");
                }
                return;
            }
            problems(policy, addresses).forEach(problem -> check.problem(at, problem));
        });
    }

    /** What is wrong with the targets of a member, whether the file or the API names them. */
    static List<String> problems(PolicyConfig policy, List<String> addresses) {
        List<String> problems = new ArrayList<>();
        HealthCheckConfig health = policy.health();
        for (String address : addresses) {
            if (Target.isName(address)) {
                String name = "name `" + address + "` (expected: ";
                if (addresses.size() > 1) {
                    problems.add(name + "alone, as an answer has one CNAME)");
                }
                if (policy.by() == Policy.By.MULTIVALUE) {
                    problems.add(name + "addresses, with `by: multivalue`)");
                }
                if (health != null && !health.isAside() && !policy.probeAt().containsKey(address)) {
                    problems.add(name + "`probe-at: { " + address + ": ADDRESS }`, or `file` or `command` under"
                            + " `health`)");
                }
            } else if (!Target.isAddress(address)) {
                problems.add("target `" + address
                        + "` (expected: an IPv4 or IPv6 address without a port, or a name that ends with a dot)");
            }
        }
        return problems;
    }

    private void members(String path, PolicyConfig policy) {
        Set<String> members = policy.targets().keySet();
        String fallback = policy.fallback();
        if (fallback != null && !members.contains(fallback)) {
            check.problem(
                    path + ".default",
                    "no targets for region `" + fallback + "` (expected: one of "
                            + String.join(", ", new TreeSet<>(members)) + ")");
        }
        known(path + ".order", policy.order(), members);
        known(path + ".weights", policy.weights().keySet(), members);
        known(path + ".coordinates", policy.coordinates().keySet(), members);
        known(path + ".bias", policy.bias().keySet(), members);
        policy.map().forEach((place, order) -> {
            known(path + ".map." + place, order, members);
            if (order.isEmpty() && !policy.strict()) {
                check.problem(path + ".map." + place, "no members (expected: at least one, or `strict: true`)");
            }
        });
        policy.networks().forEach((network, order) -> known(path + ".networks." + network, order, members));
        policy.weights().forEach((member, weight) -> {
            if (weight < 0 || weight > 1_000_000) {
                check.problem(path + ".weights." + member, weight + " (expected: 0 to 1000000)");
            }
        });
        policy.coordinates()
                .forEach((member, text) -> checked(path + ".coordinates." + member, () -> Point.parse(text)));
        policy.networks()
                .keySet()
                .forEach(text -> checked(path + ".networks." + text, () -> Network.parse(text, List.of())));
        policy.probeAt().forEach((address, other) -> {
            if (!Target.isAddress(other)) {
                check.problem(path + ".probe-at." + address, "`" + other + "` (expected: an IPv4 or IPv6 address)");
            }
        });
    }

    private void checked(String path, Runnable parse) {
        try {
            parse.run();
        } catch (IllegalArgumentException e) {
            check.problem(path, String.valueOf(e.getMessage()));
        }
    }

    private void known(String path, Collection<String> named, Collection<String> members) {
        named.forEach(name -> check.reference(path, "member", name, members));
    }

    private void places(String path, PolicyConfig policy) {
        policy.map().keySet().stream()
                .filter(place -> !MapRanking.isSystem(place))
                .filter(place -> io.plinth.geodns.place.Continent.of(place.split("/", -1)[0]) == null)
                .forEach(place -> check.problem(
                        path + ".map." + place,
                        "place `" + place + "` (expected: a continent first, as in EU/DE/BY, or AS64500)"));
    }

    private void regions() {
        check.stack()
                .regions()
                .forEach((region, config) -> config.serves().stream()
                        .filter(code -> !Regions.isKnown(code))
                        .forEach(code -> check.problem(
                                "policies",
                                "region `" + region + "` serves `" + code
                                        + "` (expected: a continent AF AN AS EU NA OC SA, a country's ISO 3166-1"
                                        + " code such as DE, or country:NA where the code is a continent's too)")));
    }
}
