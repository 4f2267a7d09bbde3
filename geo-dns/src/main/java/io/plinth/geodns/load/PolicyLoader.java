package io.plinth.geodns.load;

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
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that loads: policies of the file with their places compiled. What is compiled is kept as long as it
 * would come out the same.
 */
final class PolicyLoader {
    private final String ownRegion;
    private final Registry registry;
    private Map<Wanted, GeoIndex> compiled = new HashMap<>();

    private record Wanted(GeoSource source, Ranking ranking, List<Network> networks) {}

    PolicyLoader(String ownRegion, Registry registry) {
        this.ownRegion = ownRegion;
        this.registry = registry;
    }

    Map<String, Policy> load(StackFile file, Map<String, PolicyConfig> configs, Overlay overlay, GeoSource source)
            throws ConfigException {
        Map<String, Policy> policies = new LinkedHashMap<>();
        List<Problem> problems = new ArrayList<>();
        Map<Wanted, GeoIndex> used = new HashMap<>();
        configs.forEach((name, config) -> {
            try {
                policies.put(name, policy(file, name, config, overlay, source, used));
            } catch (IllegalArgumentException | IOException e) {
                problems.add(new Problem(file.path().toString(), 1, 1, "policy " + name + ": " + e.getMessage()));
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
            Overlay overlay,
            GeoSource source,
            Map<Wanted, GeoIndex> used)
            throws IOException {
        List<String> names = members(config);
        List<Integer> usual = usual(config, names);
        Ranking ranking = ranking(file, config, names, usual);
        GeoIndex index = null;
        if (config.by() != Policy.By.WEIGHTED && config.by() != Policy.By.MULTIVALUE) {
            Wanted wanted = new Wanted(source, ranking, networks(file, name, config, overlay, names, usual));
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
                members(name, config, overlay, names),
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

    private List<Member> members(String policy, PolicyConfig config, Overlay overlay, List<String> names) {
        Map<String, List<String>> changed = overlay.targets().getOrDefault(policy, Map.of());
        return names.stream()
                .map(member -> {
                    String nested = config.nested(member);
                    List<String> addresses = nested != null
                            ? List.of()
                            : changed.getOrDefault(member, config.targets().getOrDefault(member, List.of()));
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

    private static List<Network> networks(
            StackFile file,
            String policy,
            PolicyConfig config,
            Overlay overlay,
            List<String> names,
            List<Integer> usual)
            throws IOException {
        List<Network> networks = new ArrayList<>();
        List<Integer> rest = config.strict() ? List.of() : usual;
        String path = config.networksFile();
        if (path != null) {
            Path resolved = SnapshotLoader.resolve(file, path);
            try {
                networks.addAll(NetworkLines.parse(Files.readString(resolved, StandardCharsets.US_ASCII), names, rest));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(resolved + ", " + e.getMessage(), e);
            }
        }
        @Nullable String pushed = overlay.latency().get(policy);
        if (pushed != null) {
            networks.addAll(NetworkLines.parse(pushed, names, rest));
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
