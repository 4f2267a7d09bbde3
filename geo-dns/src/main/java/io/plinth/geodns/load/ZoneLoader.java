package io.plinth.geodns.load;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.PolicyNumbers;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneException;
import io.plinth.geodns.zone.ZoneFiles;
import io.plinth.geodns.zone.ZoneLimits;
import io.plinth.geodns.zone.ZoneParser;
import io.plinth.geodns.zone.ZoneProblem;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the thread that loads: reads zones, all of them or those whose texts change. */
final class ZoneLoader {
    private static final Logger LOG = LoggerFactory.getLogger(ZoneLoader.class);

    private final StackFile file;
    private final GeoDnsConfig config;
    private final Overlay overlay;
    private final Registry registry;
    private final Policies policies;
    private final ZoneLimits limits;
    private final ZoneFiles files;
    /** Every zone, as the file writes it. */
    private final Map<Name, String> names = new HashMap<>();

    ZoneLoader(StackFile file, GeoDnsConfig config, Overlay overlay, Registry registry, Policies policies) {
        this.file = file;
        this.config = config;
        this.overlay = overlay;
        this.registry = registry;
        this.policies = policies;
        this.limits = new ZoneLimits(config.limits().records(), config.limits().recordsPerSet());
        this.files = new ZoneFiles(limits, config.limits().zoneFile().bytes());
        config.zones().keySet().forEach(zone -> names.put(Name.parse(zone), zone));
        overlay.zones().keySet().forEach(zone -> names.putIfAbsent(Name.parse(zone), zone));
    }

    /** Every zone; one that cannot be read is as in {@code last}. */
    Zones all(Zones last) {
        Map<Name, List<Problem>> broken = new HashMap<>();
        List<Zone> zones = new ArrayList<>();
        names.keySet().forEach(name -> {
            List<Problem> problems = new ArrayList<>();
            Zone read = read(name, problems);
            if (read == null) {
                broken.put(name, problems);
                read = last.zone(name);
            }
            if (read != null) {
                zones.add(read);
            }
        });
        return new Zones(zones, broken);
    }

    /**
     * Those of {@code last}, but for zones whose text is another than in {@code before}.
     *
     * @throws ConfigException where one of them is broken, or what its policies may answer now cannot stand where it does
     */
    Zones changed(Zones last, Overlay before) throws ConfigException {
        Map<Name, List<Problem>> broken = new HashMap<>();
        List<Zone> zones = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        Set<Name> earlier = new HashSet<>(last.broken().keySet());
        last.all().forEach(zone -> earlier.add(zone.origin()));
        names.keySet().forEach(name -> {
            String key = key(name);
            Zone zone;
            if (Objects.equals(overlay.zones().get(key), before.zones().get(key))
                    && at(name, names.keySet()).equals(at(name, earlier))) {
                zone = last.zone(name);
                List<Problem> known = last.broken().get(name);
                if (known != null) {
                    broken.put(name, known);
                }
                if (zone != null && !overlay.targets().equals(before.targets())) {
                    zone.beside(policies::answersNames).forEach(problem -> problems.add(problem(name, problem)));
                }
            } else {
                zone = read(name, problems);
            }
            if (zone != null) {
                zones.add(zone);
            }
        });
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Zones(zones, broken);
    }

    /** What the overlay knows a zone under. */
    private static String key(Name name) {
        return name.toString().toLowerCase(Locale.ROOT);
    }

    private @Nullable Zone read(Name name, List<Problem> problems) {
        PolicyNumbers numbers = numbers(name);
        int number = registry.zones().of(name.toString());
        String text = overlay.zones().get(key(name));
        Zone read = text == null
                ? files.read(
                        name,
                        number,
                        SnapshotLoader.resolve(file, config.zones().getOrDefault(names.getOrDefault(name, ""), "")),
                        numbers,
                        problems)
                : parse(name, number, text, numbers, problems);
        if (read != null) {
            LOG.info("zone {}: {} records, serial {}", name, read.records(), read.serial());
        }
        return read;
    }

    private @Nullable Zone parse(Name name, int number, String text, PolicyNumbers numbers, List<Problem> problems) {
        try {
            return ZoneParser.parse(name, number, text, limits, numbers);
        } catch (ZoneException e) {
            e.problems().forEach(problem -> problems.add(problem(name, problem)));
            return null;
        }
    }

    private static Problem problem(Name zone, ZoneProblem problem) {
        return new Problem("zone " + zone + " of the API", problem.line(), 1, problem.message());
    }

    private PolicyNumbers numbers(Name zone) {
        Map<String, Integer> byName = new HashMap<>();
        Set<Integer> naming = new HashSet<>();
        config.policies().keySet().forEach(policy -> {
            int number = registry.policies().of(policy);
            if (policies.answersNames(number)) {
                naming.add(number);
            }
            byName.put(policy, number);
        });
        return new PolicyNumbers(byName, at(zone, names.keySet()), naming);
    }

    /** Which policies the file has at which names of a zone, where these are all zones. */
    private Map<Name, Integer> at(Name zone, Set<Name> origins) {
        Map<Name, Integer> at = new HashMap<>();
        config.policies()
                .forEach((policyName, policy) -> policy.names().stream()
                        .map(Name::parse)
                        .filter(name -> nearest(name, origins).equals(zone))
                        .forEach(name -> at.put(name, registry.policies().of(policyName))));
        return at;
    }

    private static Name nearest(Name name, Set<Name> origins) {
        Name best = Name.ROOT;
        for (Name origin : origins) {
            if (name.isAtOrBelow(origin) && origin.labels() >= best.labels()) {
                best = origin;
            }
        }
        return best;
    }
}
