package io.plinth.geodns.answer;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.policy.CountryDatabase;
import io.plinth.geodns.policy.GeoIndex;
import io.plinth.geodns.policy.GeoPolicy;
import io.plinth.geodns.policy.GeoSource;
import io.plinth.geodns.policy.MmdbDatabase;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Regions;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneFiles;
import io.plinth.geodns.zone.ZoneLimits;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the node's runner thread: makes a snapshot of the file, its zone files and the database. Whatever is wrong
 * with the files leaves the snapshot that is in use as it is.
 */
public final class SnapshotLoader {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotLoader.class);

    private final String ownRegion;
    private @Nullable Compiled compiled;

    /** A compiled database, kept while file, key and regions stay what they are. */
    private record Compiled(
            Path file, FileTime modified, long size, String key, Map<String, List<String>> serves, GeoSource source) {}

    /** A loader for a node that stands in {@code ownRegion}. */
    public SnapshotLoader(String ownRegion) {
        this.ownRegion = ownRegion;
    }

    /** Loads everything, or throws every problem the zone files have. */
    public Snapshot load(StackFile file, GeoDnsConfig config) throws ConfigException {
        GeoSource geo = geo(file, config);
        Map<Name, GeoPolicy> policies = policies(config, geo.regions());
        Zones zones = zones(file, config, policies);
        return new Snapshot(zones, new Policies(geo.index(), policies, target -> true), geo);
    }

    /** A path of the file, which starts at the file's folder. */
    public static Path resolve(StackFile file, String path) {
        Path folder = file.path().toAbsolutePath().normalize().getParent();
        return (folder == null ? Path.of("/") : folder).resolve(path);
    }

    /** Where the country database is, or would be. */
    public static Path database(StackFile file, GeoDnsConfig config) {
        String path = config.database();
        return path == null ? file.state().resolve("geo").resolve("country.mmdb") : resolve(file, path);
    }

    private static Zones zones(StackFile file, GeoDnsConfig config, Map<Name, GeoPolicy> policies)
            throws ConfigException {
        GeoDnsConfig.Limits limits = config.limits();
        ZoneFiles files = new ZoneFiles(
                new ZoneLimits(limits.records(), limits.recordsPerSet()),
                limits.zoneFile().bytes());
        List<Name> origins = config.zones().keySet().stream().map(Name::parse).toList();
        List<Problem> problems = new ArrayList<>();
        List<Zone> zones = new ArrayList<>();
        config.zones().forEach((origin, path) -> {
            Name name = Name.parse(origin);
            TreeSet<String> here = new TreeSet<>();
            Map<Name, GeoPolicy> own = new HashMap<>();
            policies.forEach((policyName, policy) -> {
                if (nearest(policyName, origins).equals(name)) {
                    own.put(policyName, policy);
                    here.add(policyName.toString());
                }
            });
            Zone zone = files.read(name, resolve(file, path), own.keySet(), problems);
            if (zone != null) {
                zones.add(zone);
                LOG.info("zone {}: {} records, policies at {}", name, zone.records(), here);
            }
        });
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Zones(zones);
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

    private Map<Name, GeoPolicy> policies(GeoDnsConfig config, Regions regions) {
        Map<Name, GeoPolicy> policies = new LinkedHashMap<>();
        config.policies().forEach((name, policy) -> {
            NavigableMap<String, List<Target>> targets = new TreeMap<>();
            policy.targets()
                    .forEach((region, addresses) -> targets.put(
                            region,
                            addresses.stream()
                                    .distinct()
                                    .map(address -> new Target(name, region, address))
                                    .toList()));
            GeoPolicy geo = new GeoPolicy(
                    name,
                    Math.toIntExact(policy.ttl().toSeconds()),
                    regions.orderFrom(fallback(policy, targets)),
                    targets);
            policy.names().forEach(at -> policies.put(Name.parse(at), geo));
            if (policy.names().isEmpty()) {
                LOG.warn("policy {} answers for nothing: add `names: [www.shop.example]` to it", name);
            }
        });
        return policies;
    }

    private String fallback(GeoDnsConfig.Policy policy, NavigableMap<String, List<Target>> targets) {
        String named = policy.fallback();
        if (named != null) {
            return named;
        }
        return targets.containsKey(ownRegion) ? ownRegion : targets.firstKey();
    }

    private GeoSource geo(StackFile file, GeoDnsConfig config) {
        Map<String, List<String>> serves = new TreeMap<>();
        file.stack().regions().forEach((region, served) -> serves.put(region, served.serves()));
        if (serves.isEmpty()) {
            serves.put("local", List.of());
        }
        Regions regions = new Regions(serves);
        Path path = database(file, config);
        if (config.policies().isEmpty()) {
            return new GeoSource(regions, null, GeoIndex.NONE, "not read: there are no policies");
        }
        try {
            Compiled current = compiled;
            FileTime modified = Files.getLastModifiedTime(path);
            long size = Files.size(path);
            Compiled wanted = new Compiled(
                    path,
                    modified,
                    size,
                    config.databaseKey(),
                    Collections.unmodifiableMap(serves),
                    new GeoSource(regions, null, GeoIndex.NONE, ""));
            if (current != null && alike(current, wanted)) {
                return current.source();
            }
            GeoSource source = compile(path, config, regions);
            compiled = new Compiled(path, modified, size, wanted.key(), wanted.serves(), source);
            return source;
        } catch (IOException | UncheckedIOException e) {
            String why = Files.exists(path) ? String.valueOf(e.getMessage()) : path + " is missing";
            LOG.warn("no country database, so policies answer their default region: {}", why);
            return new GeoSource(regions, null, GeoIndex.NONE, "none: " + why);
        }
    }

    private static boolean alike(Compiled one, Compiled other) {
        return one.file().equals(other.file())
                && one.modified().equals(other.modified())
                && one.size() == other.size()
                && one.key().equals(other.key())
                && one.serves().equals(other.serves());
    }

    private static GeoSource compile(Path path, GeoDnsConfig config, Regions regions) throws IOException {
        CountryDatabase database = new MmdbDatabase(
                path, config.databaseKey(), config.limits().database().bytes());
        GeoIndex index;
        try {
            index = GeoIndex.compile(database, regions);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            // What the reader makes of a file that was cut off.
            throw new IOException(path + ": broken (" + e + ")", e);
        }
        String state = database.describe() + " (" + path + "), " + index.size() + " branches, "
                + (index.orders().size() - 1) + " orders of regions";
        LOG.info("country database: {}", state);
        if (index.orders().size() == 1) {
            LOG.warn(
                    "the country database {} names no country under {}; set `database-key`",
                    path,
                    config.databaseKey());
        }
        return new GeoSource(regions, database, index, state);
    }
}
