package io.plinth.geodns.load;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.answer.AddressAliases;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.guard.CookieSecrets;
import io.plinth.geodns.guard.Guard;
import io.plinth.geodns.guard.RateLimit;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.Network;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.PolicyNumbers;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneException;
import io.plinth.geodns.zone.ZoneFiles;
import io.plinth.geodns.zone.ZoneLimits;
import io.plinth.geodns.zone.ZoneParser;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.Secret;
import io.plinth.kit.config.StackFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guarded by itself: makes a snapshot of the file, its zone files, the databases and what the API changed. Whatever is
 * wrong with a zone leaves that zone as it is, and what is wrong elsewhere the whole snapshot.
 */
public final class SnapshotLoader {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotLoader.class);

    private final Registry registry;
    private final PolicyLoader policies;
    private final Databases databases = new Databases();
    private final CookieSecrets ownSecret;
    private final AddressAliases aliases;

    /** A loader for a node that stands in {@code ownRegion}. */
    public SnapshotLoader(String ownRegion, Registry registry, AddressAliases aliases, RandomGenerator random) {
        this.registry = registry;
        this.policies = new PolicyLoader(ownRegion, registry);
        this.aliases = aliases;
        this.ownSecret = CookieSecrets.of(random.nextLong(), random.nextLong());
    }

    /**
     * Loads everything. A zone that cannot be read is the one of {@code last}, and {@link Zones#broken} says why; what is
     * wrong elsewhere is thrown.
     */
    public synchronized Snapshot load(StackFile file, GeoDnsConfig config, Overlay overlay, Zones last)
            throws ConfigException {
        GeoSource geo = databases.source(file, config);
        Map<String, Policy> loaded = policies.load(file, config.policies(), overlay, geo);
        Policies compiled = new Policies(loaded, Health.GOOD);
        return new Snapshot(zones(file, config, overlay, compiled, last), compiled, geo, guard(file, config), aliases);
    }

    /** Whether a database's file is not as it was when it was read. */
    public synchronized boolean databasesChanged() {
        return databases.changed();
    }

    /** A snapshot with the databases as they are now, and everything else as it is. */
    public synchronized Snapshot withDatabases(Snapshot snapshot, StackFile file, GeoDnsConfig config, Overlay overlay)
            throws ConfigException {
        GeoSource geo = databases.source(file, config);
        Map<String, Policy> loaded = policies.load(file, config.policies(), overlay, geo);
        return new Snapshot(
                snapshot.zones(), new Policies(loaded, Health.GOOD), geo, snapshot.guard(), snapshot.aliases());
    }

    /** A path of the file, which starts at the file's folder. */
    public static Path resolve(StackFile file, String path) {
        Path folder = file.path().toAbsolutePath().normalize().getParent();
        return (folder == null ? Path.of("/") : folder).resolve(path);
    }

    /** Where the country database is, or would be. */
    public static Path database(StackFile file, GeoDnsConfig config) {
        return Databases.places(file, config);
    }

    private Guard guard(StackFile file, GeoDnsConfig config) throws ConfigException {
        GeoDnsConfig.RateLimits limits = config.rateLimit();
        Secret secrets = config.cookies().secrets();
        try {
            return new Guard(
                    secrets == null
                            ? ownSecret
                            : CookieSecrets.of(secrets.reveal()
                                    .lines()
                                    .filter(line -> !line.isBlank())
                                    .toList()),
                    config.cookies().require(),
                    new RateLimit.Rule(limits.perSecond(), limits.slip(), limits.ipv4Prefix(), limits.ipv6Prefix()),
                    config.proxies().stream()
                            .map(network -> Network.parse(network, List.of()))
                            .toList());
        } catch (IllegalArgumentException e) {
            throw new ConfigException(
                    List.of(new Problem(file.path().toString(), 1, 1, "geo-dns.cookies.secrets: " + e.getMessage())));
        }
    }

    private Zones zones(StackFile file, GeoDnsConfig config, Overlay overlay, Policies compiled, Zones last) {
        GeoDnsConfig.Limits limits = config.limits();
        ZoneLimits zoneLimits = new ZoneLimits(limits.records(), limits.recordsPerSet());
        ZoneFiles files = new ZoneFiles(zoneLimits, limits.zoneFile().bytes());
        Map<Name, String> all = new HashMap<>();
        config.zones().keySet().forEach(zone -> all.put(Name.parse(zone), zone));
        overlay.zones().keySet().forEach(zone -> all.putIfAbsent(Name.parse(zone), zone));
        Map<Name, List<Problem>> broken = new HashMap<>();
        List<Zone> zones = new ArrayList<>();
        all.forEach((name, zone) -> {
            PolicyNumbers numbers = numbers(config, compiled, name, List.copyOf(all.keySet()));
            int number = registry.zones().of(name.toString());
            String text = overlay.zones().get(name.toString());
            List<Problem> problems = new ArrayList<>();
            Zone read = text == null
                    ? files.read(name, number, resolve(file, config.zones().getOrDefault(zone, "")), numbers, problems)
                    : parse(name, number, text, zoneLimits, numbers, problems);
            if (read == null) {
                broken.put(name, problems);
                read = last.zone(name);
            } else {
                LOG.info("zone {}: {} records, serial {}", name, read.records(), read.serial());
            }
            if (read != null) {
                zones.add(read);
            }
        });
        return new Zones(zones, broken);
    }

    private static @Nullable Zone parse(
            Name name, int number, String text, ZoneLimits limits, PolicyNumbers numbers, List<Problem> problems) {
        try {
            return ZoneParser.parse(name, number, text, limits, numbers);
        } catch (ZoneException e) {
            e.problems()
                    .forEach(problem -> problems.add(
                            new Problem("zone " + name + " of the API", problem.line(), 1, problem.message())));
            return null;
        }
    }

    private PolicyNumbers numbers(GeoDnsConfig config, Policies compiled, Name zone, List<Name> origins) {
        Map<String, Integer> byName = new HashMap<>();
        Map<Name, Integer> at = new HashMap<>();
        Set<Integer> naming = new HashSet<>();
        config.policies().forEach((policyName, policy) -> {
            int number = registry.policies().of(policyName);
            if (compiled.answersNames(number)) {
                naming.add(number);
            }
            byName.put(policyName, number);
            policy.names().stream()
                    .map(Name::parse)
                    .filter(name -> nearest(name, origins).equals(zone))
                    .forEach(name -> at.put(name, number));
        });
        return new PolicyNumbers(byName, at, naming);
    }

    private static Name nearest(Name name, List<Name> origins) {
        Name best = Name.ROOT;
        for (Name origin : origins) {
            if (name.isAtOrBelow(origin) && origin.labels() >= best.labels()) {
                best = origin;
            }
        }
        return best;
    }
}
