package io.plinth.lbproxy.config;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Shorthand;
import io.plinth.kit.health.HealthCheckConfig;
import io.plinth.lbproxy.route.RequestKey;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One pool. */
@Doc("Servers that are good for the same requests.")
public record PoolConfig(
        @Doc("The app whose instances are the servers; this or `servers`.") @Nullable
        String app,

        @Doc("Servers by name; this or `app`.") Map<String, ServerConfig> servers,

        @Doc("Servers from DNS instead, looked up again as their time to live ends.") @Nullable
        DnsConfig dns,

        @Doc("A file of servers instead, a line `name address:port [weight]` each, read again when it changes;"
                + " relative to this file.")
        @Nullable
        Path file,

        @Doc("Speak TLS to the servers.") @Nullable UpstreamTlsConfig tls,

        @Doc("Begin every connection to a server with a PROXY protocol header of the client; such a connection"
                + " serves one request, or with HTTP/2 the requests of that client's connection.")
        @Default("off")
        ProxyProtocolConfig proxyProtocol,

        @Doc("What the servers speak: `http1`, `http2` (which gRPC needs; by ALPN with `tls`, from the first byte"
                + " without), or `auto`: with `tls` HTTP/2 where the server chooses it by ALPN, else HTTP/1.1.")
        @Default("auto")
        ProtocolConfig protocol,

        @Doc("Requests under way at once over one HTTP/2 connection.") @Default("100") @Range(min = "1", max = "10000")
        int streams,

        @Doc("How the next server is found.") @Default("peak-ewma")
        BalanceConfig balance,

        HashConfig hash,

        @Doc("Keep a client at the server it had first, by a cookie; not done where left out.") @Nullable
        StickyConfig sticky,

        @Doc("Ask every server regularly whether it is well; not done where left out.") @Nullable
        HealthCheckConfig health,

        OutliersConfig outliers,

        @Doc("Refuse requests for a while when too many fail; not done where left out.") @Nullable
        BreakerConfig breaker,

        RetryBudgetConfig retryBudget,

        @Doc("Send a request that may be repeated to a second server too when its answer takes long, within"
                + " `retry-budget`; the answer that comes first is taken. Not done where left out.")
        @Nullable
        HedgeConfig hedge,

        @Doc("How long a server that has come up or been added takes to get its full share; 0s for at once.")
        @Default("0s")
        @Range(max = "1h")
        Duration slowStart,

        @Doc("Connections to one server, over all event loops.") @Default("1024") @Range(min = "1")
        int maxPerServer,

        @Doc("Connections kept open idle to one server; divided among the event loops.")
        @Default("128")
        @Range(min = "0")
        int idlePerServer,

        @Doc("Requests that may wait for a connection, over all event loops, each for `timeouts.queue`.")
        @Default("1024")
        @Range(min = "0")
        int queue,

        @Doc("How long a server is left alone after a failed connect or as an outlier; doubled with each further time.")
        @Default("1s")
        Duration eject,

        @Doc("The longest a server is left alone.") @Default("30s")
        Duration ejectMax) {

    /** What servers speak. */
    public enum ProtocolConfig {
        AUTO,
        HTTP1,
        HTTP2
    }

    /** How the next server is found. */
    public enum BalanceConfig {
        PEAK_EWMA,
        ROUND_ROBIN,
        LEAST_LOADED,
        CONSISTENT_HASH
    }

    /** Versions of the PROXY protocol. */
    public enum ProxyProtocolConfig {
        OFF,
        V1,
        V2
    }

    /** TLS to servers. */
    @Doc("TLS to servers. Its files are read again on reload; a changed one closes the pool's idle connections.")
    public record UpstreamTlsConfig(
            @Doc("Verify the servers' certificates and name.") @Default("true")
            boolean verify,

            @Doc("PEM file of the authorities; the JDK's where left out.") @Nullable
            Path ca,

            @Doc("The name asked for (SNI) and verified; the server's host where left out.") @Nullable
            String name,

            @Doc("PEM file of our certificate, for servers that ask for one.") @Nullable
            Path cert,

            @Doc("PEM file of its key.") @Nullable Path key) {}

    /** Servers from DNS. */
    @Doc("Servers from DNS. When a lookup fails the servers found last stay.")
    public record DnsConfig(
            @Doc("The name: of hosts, or of a service as `_http._tcp.shop.example`.")
            String name,

            @Doc("Addresses with `port`, or SRV records, which have their own.") @Default("address")
            Type type,

            @Doc("The servers' port, for addresses.") @Default("80") @Range(min = "1", max = "65535")
            int port,

            @Doc("Ask for IPv6 addresses too; false where the name servers fail for them, since then none is known.")
            @Default("true")
            boolean ipv6,

            @Doc("Name servers; the system's where left out.")
            List<HostPort> servers,

            @Doc("Not asked more often than this.") @Default("1s") @Range(min = "100ms")
            Duration minTtl,

            @Doc("Asked at least this often.") @Default("5m") @Range(min = "1s")
            Duration maxTtl) {

        /** Kinds of lookup. */
        public enum Type {
            ADDRESS,
            SRV
        }
    }

    /** One server. */
    @Doc("A server of a pool.")
    @Shorthand("at")
    public record ServerConfig(
            @Doc("Address and port.") HostPort at,

            @Doc("Its share beside the others.") @Default("1") @Range(min = "1", max = "1000")
            int weight) {}

    /** What consistent hashing hashes. */
    @Doc("For `balance: consistent-hash`.")
    @Shorthand("by")
    public record HashConfig(
            @Doc("What is hashed: `address`, `path`, `header:NAME` or `cookie:NAME`; who has none goes by address.")
            @Default("address")
            String by,

            @Doc("How far above the mean a server may be loaded, in percent, before its keys spill to the next one.")
            @Default("125")
            @Range(min = "101", max = "1000")
            int bound) {}

    /** A sticky cookie. */
    @Doc("A cookie that names the server; it says nothing of its address.")
    @Shorthand("cookie")
    public record StickyConfig(
            @Doc("The cookie's name.") String cookie,

            @Doc("How long browsers keep it; 0s for as long as they run.") @Default("0s")
            Duration ttl) {}

    /** Passive checks. */
    @Doc("When a server is left alone for what its answers look like.")
    public record OutliersConfig(
            @Doc("After so many errors in a row (500 to 599 but 501, no answer, a broken one); 0 for never.")
            @Default("5")
            @Range(min = "0", max = "10000")
            int consecutive,

            @Doc("How often success rates are compared.") @Default("10s") @Range(min = "200ms", max = "1h")
            Duration interval,

            @Doc("Requests within the interval that a server's rate needs to count; five such servers are needed.")
            @Default("100")
            @Range(min = "1")
            int minRequests,

            @Doc("How many tenths of standard deviations below the mean is too low; 0 for never.")
            @Default("19")
            @Range(min = "0", max = "100")
            int deviation,

            @Doc("When fewer of a hundred healthy servers are left, all of them are used.")
            @Default("50")
            @Range(min = "0", max = "100")
            int panic) {}

    /** A circuit breaker. */
    @Doc("A circuit breaker.")
    public record BreakerConfig(
            @Doc("It opens when so many of a hundred requests fail.") @Default("50") @Range(min = "1", max = "100")
            int failures,

            @Doc("It never opens for fewer requests than this within `window`.") @Default("20") @Range(min = "1")
            int minRequests,

            @Doc("The time looked back on.") @Default("10s") @Range(min = "1s", max = "10m")
            Duration window,

            @Doc("How long it stays open before some requests try.") @Default("5s") @Range(min = "200ms", max = "10m")
            Duration open,

            @Doc("Requests that try; when all succeed it closes.") @Default("3") @Range(min = "1", max = "1000")
            int trials) {}

    /** When a request is sent twice. */
    @Doc("When a request is sent to a second server too.")
    @Shorthand("percentile")
    public record HedgeConfig(
            @Doc("After the time within which so many of a hundred answers of the pool begin.")
            @Default("95")
            @Range(min = "50", max = "99")
            int percentile,

            @Doc("Never earlier than this.") @Default("5ms") @Range(min = "0s", max = "1m")
            Duration min,

            @Doc("Answers that have to be known, of the last seconds and per event loop.")
            @Default("100")
            @Range(min = "10", max = "100000")
            int minRequests) {}

    /** How many retries there may be. */
    @Doc("How many retries and hedges there may be.")
    public record RetryBudgetConfig(
            @Doc("Retries for a hundred requests.") @Default("20") @Range(min = "0", max = "100")
            int percent,

            @Doc("Retries a second that are free, over all event loops.")
            @Default("10")
            @Range(min = "0", max = "10000")
            int min) {}

    /** Reports what is wrong with it. */
    public void check(Check check, String at) {
        int sources =
                (app == null ? 0 : 1) + (servers.isEmpty() ? 0 : 1) + (dns == null ? 0 : 1) + (file == null ? 0 : 1);
        if (sources != 1) {
            check.problem(at, "needs exactly one of `app`, `servers`, `dns` and `file`");
        } else if (app != null) {
            check.reference(at + ".app", "app", app, check.stack().apps().keySet());
            var config = check.stack().apps().get(app);
            if (config != null && config.port() == null) {
                check.problem(at + ".app", "app `" + app + "` has no port; give it one, or name `servers`");
            }
        }
        try {
            RequestKey.parse(hash.by());
        } catch (IllegalArgumentException e) {
            check.problem(at + ".hash.by", String.valueOf(e.getMessage()));
        }
        if (tls != null && (tls.cert() == null) != (tls.key() == null)) {
            check.problem(at + ".tls", "needs both `cert` and `key`, or neither");
        }
        if (sticky != null && !sticky.cookie().matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
            check.problem(at + ".sticky.cookie", "cookie: " + sticky.cookie() + " (expected: a cookie name)");
        }
    }
}
