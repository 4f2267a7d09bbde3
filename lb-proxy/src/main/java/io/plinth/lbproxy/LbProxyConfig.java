package io.plinth.lbproxy;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Shorthand;
import io.plinth.lbproxy.config.PoolConfig;
import io.plinth.lbproxy.config.RouteConfig;
import io.plinth.lbproxy.route.RouteRule;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The section {@code lb-proxy} of the file. */
@Doc("L7 load balancer: where it listens, which request goes to which pool, which servers a pool has.")
public record LbProxyConfig(
        @Doc("Addresses it listens on, by name.") Map<String, ListenerConfig> listeners,

        @Doc("Which requests go to which pool, by name; the most specific host, then path, wins.")
        Map<String, RouteConfig> routes,

        @Doc("Groups of servers, by name.") Map<String, PoolConfig> pools,
        LimitsConfig limits,
        TimeoutsConfig timeouts,
        MinRateConfig minRate,
        ForwardedConfig forwarded,
        AccessLogConfig accessLog,

        @Doc("Give requests without a W3C traceparent one; existing ones pass either way.") @Default("true")
        boolean traceparent,

        @Doc("Send spans of sampled requests to a tracing backend; not done where left out.") @Nullable
        TracingConfig tracing)
        implements Checked {

    /** One address it listens on. */
    @Doc("An address it listens on.")
    public record ListenerConfig(
            @Doc("Address and port.") HostPort bind,
            @Doc("Speak TLS here.") @Nullable TlsConfig tls,

            @Doc("Every connection begins with a PROXY protocol header (v1 or v2); only where trusted proxies alone"
                    + " can connect.")
            @Default("false")
            boolean proxyProtocol,

            @Doc("Answer clients that close their sending side before they have the answer, as some scripts do;"
                    + " without it they are taken to have left. HTTP/1.1 without TLS only.")
            @Default("false")
            boolean halfClose) {}

    /** A listener's certificate. */
    @Doc("Certificate and key of a TLS listener; both are read again on reload.")
    public record TlsConfig(
            @Doc("PEM file of the certificate and its chain; relative to this file.")
            Path cert,

            @Doc("PEM file of the private key (PKCS#8); relative to this file.")
            Path key,

            @Doc("Other certificates by the name clients ask for, `*.name` for those one label below.")
            Map<String, CertificateConfig> sni,

            @Doc("PEM file of the authorities whose certificates clients show; nobody is asked where left out.")
            @Nullable
            Path clientCa,

            @Doc("Turn clients without a certificate away.") @Default("true")
            boolean clientCertRequired) {}

    /** A further certificate. */
    @Doc("A certificate and its key.")
    public record CertificateConfig(
            @Doc("PEM file of the certificate and its chain; relative to this file.")
            Path cert,

            @Doc("PEM file of the private key (PKCS#8); relative to this file.")
            Path key) {}

    /** Bounds of what clients may send. */
    @Doc("How much a client may send and hold.")
    public record LimitsConfig(
            @Doc("Client connections; more get 503.") @Default("10000") @Range(min = "1")
            int connections,

            @Doc("Client connections of one address; more are closed; 0 for no limit.") @Default("0") @Range(min = "0")
            int connectionsPerAddress,

            @Doc("Bytes of a request line.") @Default("8KiB") @Range(min = "128B", max = "1MiB")
            DataSize requestLine,

            @Doc("Bytes of all header fields of a message.") @Default("32KiB") @Range(min = "1KiB", max = "1MiB")
            DataSize headerBytes,

            @Doc("Header fields of a message.") @Default("100") @Range(min = "1", max = "1000")
            int headers,

            @Doc("Bytes of a chunk's size and extensions.") @Default("256B") @Range(min = "16B", max = "16KiB")
            DataSize chunkLine,

            @Doc("Bytes of all trailer fields of a message.") @Default("8KiB") @Range(min = "0B", max = "1MiB")
            DataSize trailerBytes,

            @Doc("Bytes of a request's body; 0B for no limit.") @Default("1GiB")
            DataSize body,

            @Doc("Bytes of pipelined requests held while one is under way.")
            @Default("16KiB")
            @Range(min = "1KiB", max = "1MiB")
            DataSize readAhead,

            @Doc("Bytes of a request's body kept until its answer begins, to be sent to another server where one of"
                    + " HTTP/2 says that it did nothing for the request; larger ones are answered 502.")
            @Default("4KiB")
            @Range(max = "1MiB")
            DataSize replay,

            Http2Config http2) {}

    /** Bounds of an HTTP/2 connection. */
    @Doc("How much a client may do over one HTTP/2 connection; one that goes beyond is closed.")
    public record Http2Config(
            @Doc("Requests under way at once; more are refused one by one.")
            @Default("100")
            @Range(min = "1", max = "10000")
            int streams,

            @Doc("Bytes of one request's body that may wait for its server.")
            @Default("64KiB")
            @Range(min = "16KiB", max = "16MiB")
            DataSize streamWindow,

            @Doc("The same over all requests of a connection.") @Default("1MiB") @Range(min = "64KiB", max = "256MiB")
            DataSize connectionWindow,

            @Doc("CONTINUATION frames of a header block.") @Default("8") @Range(min = "1", max = "1000")
            int continuations,

            @Doc("Requests that end in RST_STREAM within 30 seconds, whichever side sends it.")
            @Default("200")
            @Range(min = "1", max = "1000000")
            int resets,

            @Doc("PING, SETTINGS, PRIORITY, WINDOW_UPDATE and empty frames within 30 seconds, beyond those that go with"
                    + " requests and data.")
            @Default("1000")
            @Range(min = "10", max = "1000000")
            int control,

            @Doc("Bytes of each of the two HPACK tables.") @Default("4KiB") @Range(min = "0B", max = "64KiB")
            DataSize tableSize) {}

    /** How long things may take. */
    @Doc("How long things may take.")
    public record TimeoutsConfig(
            @Doc("From a request's first byte to the end of its head; longer while that comes at `min-rate.head`.")
            @Default("10s")
            @Range(min = "100ms")
            Duration header,

            @Doc("The same, however fast it comes.") @Default("40s") @Range(min = "100ms")
            Duration headerMax,

            @Doc("Between two requests of a client's connection.") @Default("60s") @Range(min = "100ms")
            Duration keepAlive,

            @Doc("For a TLS handshake; changes with a restart.") @Default("10s") @Range(min = "100ms")
            Duration handshake,

            @Doc("Waiting for a connection to a server.") @Default("5s") @Range(min = "10ms")
            Duration queue,

            @Doc("Connecting to a server.") @Default("2s") @Range(min = "10ms")
            Duration connect,

            @Doc("From the request sent to the first byte of the response.") @Default("60s") @Range(min = "100ms")
            Duration response,

            @Doc("Without a byte in either direction while a body is under way; also how far a client may fall behind"
                    + " `min-rate`.")
            @Default("60s")
            @Range(min = "100ms")
            Duration stream,

            @Doc("Without a byte in either direction on a WebSocket.") @Default("1h") @Range(min = "1s")
            Duration tunnel,

            @Doc("A connection to a server kept open idle; shorter than the servers' own limit.")
            @Default("30s")
            @Range(min = "100ms")
            Duration serverIdle) {}

    /** How fast clients have to be. */
    @Doc("Bytes a second that clients have to send and take while they are waited for; 0B for any. One that is slow but"
            + " steady lives, one that dribbles does not. What waits for a server does not count, nor do WebSockets,"
            + " gRPC to an HTTP/2 pool, or a body that comes while its response is under way.")
    public record MinRateConfig(
            @Doc("Of a request's head: each byte lengthens `timeouts.header` by its share of a second.")
            @Default("500B")
            DataSize head,

            @Doc("Of a request's body.") @Default("240B") DataSize body,
            @Doc("Of a response.") @Default("240B") DataSize response) {}

    /** Whose X-Forwarded headers are believed. */
    @Doc("X-Forwarded-For, -Proto, -Host and -Port: set anew for every request, but grown where the client is trusted.")
    public record ForwardedConfig(
            @Doc("Networks of proxies in front of this one, as 10.0.0.0/8.")
            List<String> trust,

            @Doc("The name by which requests and responses say in Via that they came this way; not said where left"
                    + " out.")
            @Nullable
            String via) {}

    /** The access log. */
    @Doc("The access log: one line per request. Its keys change with a restart; its file is opened anew by a reload.")
    public record AccessLogConfig(
            @Doc("Write it.") @Default("true") boolean on,

            @Doc("Where to; relative to the node's data folder; `-` for standard output.") @Default("access.log")
            String file,

            @Doc("`common` as other servers have it, `combined` with route, server, tries and microseconds behind"
                    + " it, or `json`, an object a line.")
            @Default("combined")
            FormatConfig format,

            @Doc("Buffers of 64 KiB that may wait for the disk; beyond that lines are dropped and counted.")
            @Default("64")
            @Range(min = "1", max = "10000")
            int queue) {}

    /** Where spans go. */
    @Doc("Spans of sampled requests, sent as OTLP over HTTP in JSON, at least twice a second. `endpoint`,"
            + " `queue`, and whether there is any tracing, change with a restart.")
    @Shorthand("endpoint")
    public record TracingConfig(
            @Doc("The collector's address for traces, as http://127.0.0.1:4318/v1/traces.")
            String endpoint,

            @Doc("So many of a hundred requests that come without a trace are sampled.")
            @Default("1")
            @Range(min = "0", max = "100")
            double sample,

            @Doc("Sample all requests whose traceparent says so; false where clients are not to decide.")
            @Default("true")
            boolean parents,

            @Doc("Spans that may wait for the collector; beyond that they are dropped and counted.")
            @Default("4096")
            @Range(min = "1", max = "1000000")
            int queue) {}

    /** Keys whose values differ in {@code next} and are read at the start only. */
    List<String> changedUntilRestart(LbProxyConfig next) {
        List<String> keys = new ArrayList<>();
        if (!accessLog.equals(next.accessLog)) {
            keys.add("access-log");
        }
        if (!timeouts.handshake().equals(next.timeouts.handshake())) {
            keys.add("timeouts.handshake");
        }
        if (!collector(tracing).equals(collector(next.tracing))) {
            keys.add("tracing");
        }
        return keys;
    }

    private static String collector(@Nullable TracingConfig of) {
        return of == null ? "" : of.endpoint() + " " + of.queue();
    }

    /** Formats of the access log. */
    public enum FormatConfig {
        COMMON,
        COMBINED,
        JSON
    }

    @Override
    public void check(Check check) {
        Map<String, String> places = new HashMap<>();
        routes.forEach((name, route) -> {
            route.check(check, "routes." + name, pools.keySet());
            String host = route.host() == null ? "" : RouteRule.hostOf(route.host());
            String place = String.join(
                    "\n",
                    host,
                    route.path(),
                    new TreeSet<>(route.methods()).toString(),
                    new TreeMap<>(route.headers()).toString(),
                    new TreeMap<>(route.query()).toString(),
                    new TreeMap<>(route.cookies()).toString());
            String other = places.putIfAbsent(place, name);
            if (other != null) {
                check.problem(
                        "routes." + name,
                        "same host, path and conditions as route `" + other + "`; remove one of them");
            }
        });
        pools.forEach((name, pool) -> pool.check(check, "pools." + name));
        if (tracing != null && !tracing.endpoint().matches("https?://[^/\\s]+(/\\S*)?")) {
            check.problem(
                    "tracing.endpoint",
                    "endpoint: " + tracing.endpoint()
                            + " (expected: an http or https URL, as http://127.0.0.1:4318/v1/traces)");
        }
        String via = forwarded.via();
        if (via != null && !via.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+(:\\d{1,5})?")) {
            check.problem("forwarded.via", "via: " + via + " (expected: a name, or host:port)");
        }
        for (String network : forwarded.trust()) {
            int slash = network.indexOf('/');
            if (slash <= 0 || !network.substring(slash + 1).matches("\\d{1,3}")) {
                check.problem("forwarded.trust", "network: " + network + " (expected: address/prefix, as 10.0.0.0/8)");
            }
        }
    }
}
