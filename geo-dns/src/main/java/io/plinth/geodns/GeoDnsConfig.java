package io.plinth.geodns;

import io.plinth.geodns.policy.Regions;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Name;
import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Key;
import io.plinth.kit.config.Range;
import io.plinth.kit.health.HealthCheckConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the file says under {@code geo-dns}. */
@Doc("Authoritative DNS: zones from files, and names in them whose addresses depend on where the user is.")
public record GeoDnsConfig(
        @Doc("Zone files by the zone's name; a relative path starts at this file's folder.")
        Map<String, String> zones,

        @Doc("The MaxMind DB file that says in which country an address is; a relative path starts at this file's"
                + " folder. Left out, `geo/country.mmdb` in the state folder is used when it is there.")
        @Nullable
        String database,

        @Doc("Where a record of the database has the country's code: `country_code`, or `country.iso_code`.")
        @Default("country_code")
        String databaseKey,

        @Doc("Policies by name: each answers for the addresses of some names.")
        Map<String, Policy> policies,

        @Doc("UDP.") Udp udp,

        @Doc("TCP.") Tcp tcp,

        @Doc("How much zones and database may hold.") Limits limits)
        implements Checked {

    /** How a policy chooses. */
    public enum By {
        /** By the client's country. */
        GEO
    }

    /** One policy. */
    @Doc("Answers A and AAAA of its names with the healthy targets of the nearest region that has any; with all targets"
            + " down, as if all were healthy. What the zone files have at"
            + " these names is what other servers would answer; here it is left out of account.")
    public record Policy(
            @Doc("How it chooses.") @Default("geo") By by,

            @Doc("The names it answers for, each in one of the zones; a wildcard is such a name too.")
            List<String> names,

            @Doc("Addresses by region, IPv4 and IPv6.") Map<String, List<String>> targets,

            @Doc("How the targets' health is probed; always taken for healthy where left out. The port is 80, or"
                    + " 443 with TLS, where left out.")
            @Nullable
            HealthCheckConfig health,

            @Doc("The region for users of unknown whereabouts; where left out, the node's own if it has targets, else"
                    + " the first by name.")
            @Nullable
            @Key("default")
            String fallback,

            @Doc("How long resolvers keep an answer, and so how late they learn of a failover.")
            @Default("30s")
            @Range(min = "1s", max = "1d")
            Duration ttl) {}

    /** UDP's limits. */
    @Doc("UDP.")
    public record Udp(
            @Doc("The largest response in bytes, and the size clients are told to send at most.")
            @Default("1232")
            @Range(min = "512", max = "4096")
            int maxPayload) {}

    /** TCP's limits. */
    @Doc("TCP.")
    public record Tcp(
            @Doc("Connections open at once; more are closed as they come.")
            @Default("1000")
            @Range(min = "1", max = "1000000")
            int connections,

            @Doc("How long a connection may take between whole queries.")
            @Default("10s")
            @Range(min = "100ms", max = "1h")
            Duration idle,

            @Doc("The largest query.") @Default("4KiB") @Range(min = "512B", max = "65535B")
            DataSize maxQuery) {}

    /** Limits of what is loaded. */
    @Doc("How much zones and database may hold.")
    public record Limits(
            @Doc("The largest zone file.") @Default("64MiB") @Range(max = "1GiB")
            DataSize zoneFile,

            @Doc("Records of one zone.") @Default("1000000") @Range(min = "2", max = "100000000")
            int records,

            @Doc("Records of one type at one name.") @Default("1000") @Range(min = "1", max = "4000")
            int recordsPerSet,

            @Doc("The largest database, which is read to the heap.") @Default("512MiB") @Range(max = "1GiB")
            DataSize database) {}

    @Override
    public void check(Check check) {
        Set<Name> origins = new HashSet<>();
        zones.forEach((zone, file) -> {
            Name origin = name(check, "zones." + zone, zone);
            if (origin != null && !origins.add(origin)) {
                check.problem("zones." + zone, "zone `" + zone + "` twice (expected: once, in whatever case)");
            }
        });
        Map<Name, String> owners = new HashMap<>();
        policies.forEach((name, policy) -> policy(check, "policies." + name, name, policy, owners));
        if (!policies.isEmpty()) {
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

    private void policy(Check check, String path, String policyName, Policy policy, Map<Name, String> owners) {
        TreeSet<String> regions = new TreeSet<>(check.stack().regions().keySet());
        if (regions.isEmpty()) {
            regions.add("local");
        }
        if (policy.targets().isEmpty()) {
            check.problem(path, "no targets (expected: `targets: { " + regions.first() + ": [192.0.2.10] }`)");
        }
        policy.targets().forEach((region, addresses) -> {
            String at = path + ".targets." + region;
            if (!regions.contains(region)) {
                check.problem(at, "no region `" + region + "` (expected: one of " + String.join(", ", regions) + ")");
            }
            if (addresses.isEmpty()) {
                check.problem(at, "no addresses (expected: at least one, such as [192.0.2.10])");
            }
            addresses.stream()
                    .filter(address -> !Target.isAddress(address))
                    .forEach(address -> check.problem(
                            at, "target `" + address + "` (expected: an IPv4 or IPv6 address without a port)"));
        });
        String fallback = policy.fallback();
        if (fallback != null && !policy.targets().containsKey(fallback)) {
            check.problem(
                    path + ".default",
                    "no targets for region `" + fallback + "` (expected: one of "
                            + String.join(", ", new TreeSet<>(policy.targets().keySet())) + ")");
        }
        for (String text : policy.names()) {
            Name name = name(check, path + ".names", text);
            if (name == null) {
                continue;
            }
            if (zones.keySet().stream().noneMatch(zone -> isBelow(name, zone))) {
                check.problem(
                        path + ".names",
                        "name `" + text + "` (expected: in one of the zones, "
                                + String.join(", ", new TreeSet<>(zones.keySet())) + ")");
            }
            String other = owners.putIfAbsent(name, policyName);
            if (other != null) {
                check.problem(
                        path + ".names", "name `" + text + "` twice (expected: once; policy " + other + " has it)");
            }
        }
    }

    private static boolean isBelow(Name name, String zone) {
        try {
            return name.isAtOrBelow(Name.parse(zone));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static @Nullable Name name(Check check, String path, String text) {
        try {
            return Name.parse(text);
        } catch (IllegalArgumentException e) {
            check.problem(path, String.valueOf(e.getMessage()));
            return null;
        }
    }
}
