package io.plinth.lbproxy.upstream;

import io.plinth.lbproxy.balance.CircuitBreaker;
import io.plinth.lbproxy.route.RequestKey;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * All of a pool but its servers that a change of the file can change; equal settings mean the pool lives on over a reload.
 *
 * @param hashBy what consistent hashing goes by
 * @param hashBound how far above its share a server may be loaded then, in percent
 * @param sticky the cookie that keeps a client at its server; null for none
 * @param breaker null for none
 * @param tls null for none
 * @param proxyHeader what a connection begins with
 * @param http2 bounds of HTTP/2 connections to the servers; null for HTTP/1.1
 * @param negotiated whether the servers may choose HTTP/1.1 instead, in the TLS handshake
 * @param hedge null for none
 * @param maxPerServer connections to one server, over all loops
 * @param idlePerServer connections kept idle to one server, over all loops
 * @param queue requests that wait for a connection, over all loops
 */
public record PoolSettings(
        String name,
        Balance balance,
        String hashBy,
        int hashBound,
        @Nullable Sticky sticky,
        Outliers outliers,
        CircuitBreaker.@Nullable Settings breaker,
        int retryPercent,
        int retriesPerSecond,
        Duration slowStart,
        @Nullable Tls tls,
        ProxyHeader proxyHeader,
        @Nullable Http2Limits http2,
        boolean negotiated,
        @Nullable Hedge hedge,
        int maxPerServer,
        int idlePerServer,
        int queue,
        Duration connectTimeout,
        Duration idleTimeout,
        Duration ejectBase,
        Duration ejectMax) {

    /** Versions of the PROXY protocol. */
    public enum ProxyHeader {
        OFF,
        V1,
        V2
    }

    /**
     * TLS to servers.
     *
     * @param authorities PEM; null for the JDK's
     * @param name asked for and verified; null for the server's host
     * @param certificate null for none, as its key
     * @param fingerprint of all its files, so that a changed one is seen
     */
    public record Tls(
            boolean verify,
            @Nullable Path authorities,
            @Nullable String name,
            @Nullable Path certificate,
            @Nullable Path key,
            String fingerprint) {}

    /** How the next server is found. */
    public enum Balance {
        PEAK_EWMA,
        ROUND_ROBIN,
        LEAST_LOADED,
        CONSISTENT_HASH
    }

    /**
     * One server.
     *
     * @param draining whether it gets no further requests
     */
    public record ServerSettings(String name, InetSocketAddress address, int weight, boolean draining) {}

    /**
     * The cookie that keeps a client at its server.
     *
     * @param ttlSeconds 0 for as long as the browser runs
     */
    public record Sticky(String cookie, long ttlSeconds) {}

    /**
     * When a server is left alone for what its answers look like.
     *
     * @param consecutive errors in a row; 0 for never
     * @param deviation tenths of standard deviations; 0 for never
     * @param panicPercent below this share of servers left all are used
     */
    public record Outliers(int consecutive, Duration interval, int minRequests, int deviation, int panicPercent) {}

    /**
     * When a request is sent to a second server too.
     *
     * @param percentile of the latencies seen, after which it is
     * @param minNanos never earlier
     * @param minRequests latencies that have to be known
     */
    public record Hedge(int percentile, long minNanos, int minRequests) {}

    /** What consistent hashing goes by. */
    RequestKey hashKey() {
        return RequestKey.parse(hashBy);
    }
}
