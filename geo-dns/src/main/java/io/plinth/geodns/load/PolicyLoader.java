package io.plinth.geodns.load;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.place.DistanceRanking;
import io.plinth.geodns.place.GeoIndex;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.MapRanking;
import io.plinth.geodns.place.Network;
import io.plinth.geodns.place.Point;
import io.plinth.geodns.place.Ranking;
import io.plinth.geodns.place.RegionRanking;
import io.plinth.geodns.place.Regions;
import io.plinth.geodns.policy.Member;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the thread that loads: policies of the file with their places compiled. What is compiled is kept as long as it
 * would come out the same.
 */
final class PolicyLoader {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyLoader.class);

    private final String ownRegion;
    private final Registry registry;
    private Map<Wanted, GeoIndex> compiled = new HashMap<>();
    private Map<String, List<Network>> fromFiles = Map.of();

    private record Wanted(GeoSource source, Ranking ranking, List<Network> networks) {}

    PolicyLoader(String ownRegion, Registry registry) {
        this.ownRegion = ownRegion;
        this.registry = registry;
    }

    /**
     * What the API pushed.
     *
     * @param before what of it holds already: where that no longer fits the file it is left out, so that no file can
     *     keep a node from its start; what is new is refused
     */
    private record Pushed(Overlay before, Overlay now) {
        boolean isNewTargets(String policy, String member) {
            return !Objects.equals(before.targets(policy, member), now.targets(policy, member));
        }

        boolean isNewLatency(String policy) {
            return !Objects.equals(before.latency().get(policy), now.latency().get(policy));
        }
    }

    /** Policies of a file. */
    Map<String, Policy> load(StackFile file, GeoDnsConfig config, Overlay overlay, GeoSource source)
            throws ConfigException {
        Map<String, List<Network>> read = new HashMap<>();
        List<Problem> problems = new ArrayList<>();
        long most = config.limits().networksFile().bytes();
        config.policies().forEach((name, policy) -> {
            try {
                read.put(name, networks(file, policy, most));
            } catch (IllegalArgumentException | IOException e) {
                problems.add(problem(file, name, e));
            }
        });
        Map<String, Policy> policies =
                policies(file, config.policies(), new Pushed(overlay, overlay), source, read, problems);
        fromFiles = read;
        return policies;
    }

    /** Policies of the file that was loaded last, whose networks are not read again. */
    Map<String, Policy> again(StackFile file, GeoDnsConfig config, Overlay before, Overlay overlay, GeoSource source)
            throws ConfigException {
        return policies(file, config.policies(), new Pushed(before, overlay), source, fromFiles, new ArrayList<>());
    }

    private static Problem problem(StackFile file, String policy, Exception e) {
        return new Problem(file.path().toString(), 1, 1, "policy " + policy + ": " + e.getMessage());
    }

    private Map<String, Policy> policies(
            StackFile file,
            Map<String, PolicyConfig> configs,
            Pushed pushed,
            GeoSource source,
            Map<String, List<Network>> read,
            List<Problem> problems)
            throws ConfigException {
        Map<String, Policy> policies = new LinkedHashMap<>();
        Map<Wanted, GeoIndex> used = new HashMap<>();
        configs.forEach((name, config) -> {
            try {
                policies.put(name, policy(file, name, config, pushed, source, read, used));
            } catch (IllegalArgumentException e) {
                problems.add(problem(file, name, e));
            }
        });
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        compiled = used;
        return policies;
    }

    private Policy policy(
            StackFile file,
            String name,
            PolicyConfig config,
            Pushed pushed,
            GeoSource source,
            Map<String, List<Network>> read,
            Map<Wanted, GeoIndex> used) {
        List<String> names = members(config);
        List<Integer> usual = usual(config, names);
        Ranking ranking = ranking(file, config, names, usual);
        GeoIndex index = null;
        if (config.by() != Policy.By.WEIGHTED && config.by() != Policy.By.MULTIVALUE) {
            Wanted wanted = new Wanted(source, ranking, networks(name, config, pushed, read, names));
            index = compiled.get(wanted);
            if (index == null) {
                index = used.get(wanted);
            }
            if (index == null) {
                index = GeoIndex.compile(source, ranking, wanted.networks());
            }
            used.put(wanted, index);
        }
        Integer from = config.shedFrom();
        int ceiling = Math.toIntExact(config.ttl().toSeconds());
        int floor = config.minTtl() == null
                ? Math.max(1, ceiling / 2)
                : Math.min(ceiling, Math.toIntExact(config.minTtl().toSeconds()));
        return new Policy(
                name,
                registry.policies().of(name),
                config.by(),
                members(name, config, pushed, names),
                index,
                ranking,
                new Policy.Ttl(floor, ceiling),
                config.picks(),
                config.sticky(),
                config.fence(),
                config.upShare() / 100.0,
                from == null ? Policy.Shedding.NEVER : new Policy.Shedding(from, config.shedUntil()),
                config.onAllDown(),
                config.fallback());
    }

    private static List<String> members(PolicyConfig config) {
        return List.copyOf(new TreeSet<>(config.targets().keySet()));
    }

    private List<Member> members(String policy, PolicyConfig config, Pushed pushed, List<String> names) {
        return names.stream()
                .map(member -> {
                    String nested = config.nested(member);
                    List<String> addresses = nested != null ? List.of() : addresses(policy, member, config, pushed);
                    return new Member(
                            member,
                            registry.members().of(policy + "/" + member),
                            addresses.stream()
                                    .distinct()
                                    .map(address -> new Target(policy, member, address))
                                    .toList(),
                            nested,
                            config.weights().getOrDefault(member, 1));
                })
                .toList();
    }

    private static List<String> addresses(String policy, String member, PolicyConfig config, Pushed pushed) {
        List<String> own = config.targets().getOrDefault(member, List.of());
        List<String> changed = pushed.now().targets(policy, member);
        if (changed == null) {
            return own;
        }
        List<String> problems = PolicyRules.problems(config, changed);
        if (problems.isEmpty()) {
            return changed;
        }
        if (pushed.isNewTargets(policy, member)) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        LOG.warn("policy {}: what the API says of {} is left out: {}", policy, member, problems);
        return own;
    }

    /** The order of those of whom nothing is known. */
    private List<Integer> usual(PolicyConfig config, List<String> names) {
        List<String> order = new ArrayList<>(config.order());
        String first = config.fallback() != null ? config.fallback() : names.contains(ownRegion) ? ownRegion : null;
        if (first != null && order.isEmpty()) {
            order.add(first);
        }
        if (!config.strict() || config.order().isEmpty()) {
            names.stream().filter(name -> !order.contains(name)).forEach(order::add);
        }
        return order.stream().map(names::indexOf).toList();
    }

    private Ranking ranking(StackFile file, PolicyConfig config, List<String> names, List<Integer> usual) {
        return switch (config.by()) {
            case GEO ->
                config.map().isEmpty()
                        ? byRegion(file, names, usual)
                        : new MapRanking(map(config, names), usual, config.strict());
            case NEAREST -> distance(config, names, usual);
            case LATENCY ->
                config.coordinates().keySet().containsAll(names)
                        ? distance(config, names, usual)
                        : new Ranking.Fixed(usual);
            case WEIGHTED, FAILOVER, MULTIVALUE -> new Ranking.Fixed(usual);
        };
    }

    private static Ranking byRegion(StackFile file, List<String> names, List<Integer> usual) {
        Map<String, List<String>> serves = new TreeMap<>();
        file.stack().regions().forEach((region, served) -> serves.put(region, served.serves()));
        if (serves.isEmpty()) {
            serves.put("local", List.of());
        }
        return new RegionRanking(new Regions(serves), names, names.get(usual.getFirst()));
    }

    private static Map<String, List<Integer>> map(PolicyConfig config, List<String> names) {
        Map<String, List<Integer>> map = new HashMap<>();
        config.map()
                .forEach((place, order) -> map.put(
                        place.toUpperCase(Locale.ROOT),
                        order.stream().map(names::indexOf).toList()));
        return map;
    }

    private static Ranking distance(PolicyConfig config, List<String> names, List<Integer> usual) {
        List<Point> points = names.stream()
                .map(name -> Point.parse(config.coordinates().getOrDefault(name, "")))
                .toList();
        List<Integer> bias =
                names.stream().map(name -> config.bias().getOrDefault(name, 0)).toList();
        return new DistanceRanking(points, bias, config.nearest(), usual, config.strict());
    }

    /** Those of the policy's file. */
    private List<Network> networks(StackFile file, PolicyConfig config, long most) throws IOException {
        String path = config.networksFile();
        if (path == null) {
            return List.of();
        }
        Path resolved = SnapshotLoader.resolve(file, path);
        if (Files.size(resolved) > most) {
            throw new IOException(resolved + ": " + Files.size(resolved)
                    + " octets (expected: at most limits.networks-file, " + most + ")");
        }
        List<String> names = members(config);
        try {
            return NetworkLines.parse(
                    Files.readString(resolved, StandardCharsets.US_ASCII), names, rest(config, names), false);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(resolved + ", " + e.getMessage(), e);
        }
    }

    private List<Integer> rest(PolicyConfig config, List<String> names) {
        return config.strict() ? List.of() : usual(config, names);
    }

    private List<Network> networks(
            String policy, PolicyConfig config, Pushed pushed, Map<String, List<Network>> read, List<String> names) {
        List<Network> networks = new ArrayList<>(read.getOrDefault(policy, List.of()));
        List<Integer> rest = rest(config, names);
        String latency = pushed.now().latency().get(policy);
        if (latency != null) {
            networks.addAll(NetworkLines.parse(latency, names, rest, !pushed.isNewLatency(policy)));
        }
        config.networks().forEach((network, order) -> {
            List<Integer> all =
                    new ArrayList<>(order.stream().map(names::indexOf).toList());
            rest.stream().filter(member -> !all.contains(member)).forEach(all::add);
            networks.add(Network.parse(network, all));
        });
        return networks;
    }
}
