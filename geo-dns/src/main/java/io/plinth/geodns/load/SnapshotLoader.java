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
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.Secret;
import io.plinth.kit.config.StackFile;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Guarded by itself: makes a snapshot of the file, its zone files, the databases and what the API changed. Whatever is
 * wrong with a zone leaves that zone as it is, and what is wrong elsewhere the whole snapshot.
 */
public final class SnapshotLoader {
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
     * wrong elsewhere is thrown, but for what the API said before of policies and no longer fits, which is left out.
     */
    public synchronized Snapshot load(StackFile file, GeoDnsConfig config, Overlay overlay, Zones last)
            throws ConfigException {
        GeoSource geo = databases.source(file, config);
        Guard guard = guard(file, config);
        Policies compiled = new Policies(policies.load(file, config, overlay, geo), Health.GOOD);
        Zones zones = new ZoneLoader(file, config, overlay, registry, compiled).all(last);
        return new Snapshot(zones, compiled, geo, guard, aliases);
    }

    /**
     * What the API wants changed in a snapshot of the file that was loaded last: no file is read again but that of a zone
     * whose own text goes. What is wrong with what changes is thrown.
     *
     * @param before the overlay that holds
     */
    public synchronized Snapshot change(
            Snapshot snapshot, StackFile file, GeoDnsConfig config, Overlay before, Overlay overlay)
            throws ConfigException {
        Policies compiled =
                before.targets().equals(overlay.targets()) && before.latency().equals(overlay.latency())
                        ? snapshot.policies()
                        : new Policies(policies.again(file, config, before, overlay, snapshot.geo()), Health.GOOD);
        Zones zones = new ZoneLoader(file, config, overlay, registry, compiled).changed(snapshot.zones(), before);
        return new Snapshot(zones, compiled, snapshot.geo(), snapshot.guard(), snapshot.aliases());
    }

    /** Whether a database's file is not as it was when it was read. */
    public synchronized boolean databasesChanged() {
        return databases.changed();
    }

    /** A snapshot with the databases as they are now, and everything else as it is. */
    public synchronized Snapshot withDatabases(Snapshot snapshot, StackFile file, GeoDnsConfig config, Overlay overlay)
            throws ConfigException {
        GeoSource geo = databases.source(file, config);
        Policies compiled = new Policies(policies.again(file, config, overlay, overlay, geo), Health.GOOD);
        return new Snapshot(snapshot.zones(), compiled, geo, snapshot.guard(), snapshot.aliases());
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
}
