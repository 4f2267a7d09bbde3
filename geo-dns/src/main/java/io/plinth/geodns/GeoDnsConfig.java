package io.plinth.geodns;

import io.plinth.geodns.load.PolicyConfig;
import io.plinth.geodns.load.PolicyRules;
import io.plinth.geodns.place.Network;
import io.plinth.geodns.wire.Name;
import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Secret;
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

        @Doc("Where a record of the database has the country's code, such as `country_code` or `country.iso_code`;"
                + " found by itself in the usual databases.")
        @Nullable
        String databaseKey,

        @Doc("Where it has more: keys of continent, country, subdivisions, city, latitude, longitude, asn; steps"
                + " through nested maps by dots, through lists by `*`.")
        Map<String, String> databaseKeys,

        @Doc("A database of autonomous systems, for policies whose map has AS64500 in it.") @Nullable
        String asnDatabase,

        @Doc("How often the databases' files are looked at; a changed one is checked, compiled and swapped in.")
        @Default("10s")
        @Range(min = "100ms", max = "1d")
        Duration databaseCheck,

        @Doc("Policies by name: each answers for the addresses of some names.")
        Map<String, PolicyConfig> policies,

        @Doc("UDP.") Udp udp,

        @Doc("TCP.") Tcp tcp,

        @Doc("How much zones and database may hold.") Limits limits,

        @Doc("DNS cookies.") Cookies cookies,

        @Doc("How many alike answers one network gets.") RateLimits rateLimit,

        @Doc("Networks whose connections and datagrams begin with a PROXY protocol header, version 2.")
        List<String> proxies,

        @Doc("What clients are told that ask who answers (NSID); the node's name where left out, nothing when empty.")
        @Nullable
        String nsid,

        @Doc("Where ALIAS records have their addresses from.")
        Alias alias,

        @Doc("A log of some of the queries.") QueryLog queryLog)
        implements Checked {

    /** What carries datagrams. */
    public enum Datagrams {
        /** Netty's datagram channels on the event loops. */
        NETTY,
        /** Threads of its own that call recvmmsg and sendmmsg and answer in place; needs Linux. */
        NATIVE
    }

    /** UDP's limits. */
    @Doc("UDP.")
    public record Udp(
            @Doc("The largest response in bytes, and the size clients are told to send at most.")
            @Default("1232")
            @Range(min = "512", max = "4096")
            int maxPayload,

            @Doc("What carries the datagrams: netty, or native: an own loop of recvmmsg and sendmmsg. With the next"
                    + " start.")
            @Default("native")
            Datagrams transport) {}

    /** TCP's limits. */
    @Doc("TCP.")
    public record Tcp(
            @Doc("Connections open at once; more are closed as they come.")
            @Default("1000")
            @Range(min = "1", max = "1000000")
            int connections,

            @Doc("Connections of one address open at once.") @Default("100") @Range(min = "1", max = "1000000")
            int connectionsPerAddress,

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

            @Doc("Records of one zone.") @Default("4000000") @Range(min = "2", max = "100000000")
            int records,

            @Doc("Records of one type at one name.") @Default("1000") @Range(min = "1", max = "4000")
            int recordsPerSet,

            @Doc("The largest `networks-file` of a policy.") @Default("64MiB") @Range(max = "1GiB")
            DataSize networksFile,

            @Doc("The largest body of a request to the API, such as a zone. With the next start.")
            @Default("2MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize body,

            @Doc("Versions of what the API changed that there is a way back to. With the next start.")
            @Default("100")
            @Range(min = "1", max = "100000")
            int versions,

            @Doc("What the texts of these versions may take together; there are fewer where they take more. With the"
                    + " next start.")
            @Default("16MiB")
            @Range(min = "1MiB", max = "1GiB")
            DataSize versionsSize,

            @Doc("How long a member's load holds that the API was told, unless it is told again. With the next start.")
            @Default("5m")
            @Range(min = "1s", max = "1d")
            Duration loadFor,

            @Doc("The largest database, which is read to the heap.") @Default("512MiB") @Range(max = "1GiB")
            DataSize database,

            @Doc("Programs that find out targets' health, running at once; others wait. With the next start.")
            @Default("8")
            @Range(min = "1", max = "1000")
            int commands) {}

    /** Cookies. */
    @Doc("DNS cookies.")
    public record Cookies(
            @Doc("32 hex digits a line; the same on all nodes of one address. The first makes cookies, all are"
                    + " accepted. Where left out, the node makes one up at each start.")
            @Nullable
            Secret secrets,

            @Doc("Whether UDP clients without a good cookie are sent away to get one, or to TCP.") @Default("false")
            boolean require) {}

    /** Response rate limiting. */
    @Doc("How many alike answers one network gets over UDP without a cookie.")
    public record RateLimits(
            @Doc("Of one answer, of one wildcard or delegation, or of errors of one kind, to one network; 0 for no"
                    + " limit. Each UDP socket counts by itself: there are as many as loops, for each address, and"
                    + " what one client sends from one port comes to one of them.")
            @Default("0")
            @Range(max = "1000000")
            int perSecond,

            @Doc("Every how many-th answer above that leaves truncated instead of not at all; 0 for none.")
            @Default("2")
            @Range(max = "100")
            int slip,

            @Doc("Bits of an IPv4 network.") @Default("24") @Range(min = "1", max = "32")
            int ipv4Prefix,

            @Doc("Bits of an IPv6 network.") @Default("56") @Range(min = "1", max = "128")
            int ipv6Prefix) {}

    /** ALIAS. */
    @Doc("Where ALIAS records have their addresses from.")
    public record Alias(
            @Doc("Resolvers that are asked, with the client's subnet.")
            List<HostPort> resolvers,

            @Doc("How long one is waited for.") @Default("2s") @Range(min = "50ms", max = "30s")
            Duration timeout,

            @Doc("How long addresses are answered at most.") @Default("60s") @Range(min = "1s", max = "1d")
            Duration ttl,

            @Doc("How long after that they are, with a TTL of 30s at most, where the resolvers give no new ones.")
            @Default("1d")
            @Range(max = "7d")
            Duration stale,

            @Doc("Networks of clients whose answers are kept, for all names; others get the answer for everybody.")
            @Default("10000")
            @Range(min = "1", max = "1000000")
            int networks) {}

    /** The query log. */
    @Doc("A log of some of the queries, one JSON object a line.")
    public record QueryLog(
            @Doc("Every how many-th query is logged; 0 for none.") @Default("0") @Range(max = "1000000000")
            int every,

            @Doc("The file; a relative path starts at this file's folder. `queries.log` in the node's state folder"
                    + " where left out.")
            @Nullable
            String file) {}

    @Override
    public void check(Check check) {
        Set<Name> origins = new HashSet<>();
        zones.forEach((zone, file) -> {
            Name origin = name(check, "zones." + zone, zone);
            if (origin != null && !origins.add(origin)) {
                check.problem("zones." + zone, "zone `" + zone + "` twice (expected: once, in whatever case)");
            }
        });
        new PolicyRules(check, policies).check();
        Map<Name, String> owners = new HashMap<>();
        policies.forEach((name, policy) -> names(check, "policies." + name, name, policy, owners));
        proxies.forEach(text -> {
            try {
                Network.parse(text, List.of());
            } catch (IllegalArgumentException e) {
                check.problem("proxies", String.valueOf(e.getMessage()));
            }
        });
    }

    private void names(Check check, String path, String policyName, PolicyConfig policy, Map<Name, String> owners) {
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
