package io.plinth.lbproxy.snapshot;

import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http2.Http2Limits;
import org.jspecify.annotations.Nullable;

/**
 * What of the file concerns every exchange. Immutable.
 *
 * @param limits of heads and chunk lines
 * @param http2 of HTTP/2 connections
 * @param readAhead bytes of pipelined requests held while one is under way
 * @param replay bytes of a body kept for a server of HTTP/2 that says it did nothing for the request
 * @param makeTraceparent whether a request without a trace context gets one
 * @param rates how fast clients have to be
 * @param sampled of a hundred requests without a trace, how many are told of to a tracing backend
 * @param followsParents whether all are that come with a trace which is sampled
 * @param via our name in Via; null for none
 * @param forwarded whose X-Forwarded headers are believed
 */
public record ProxySettings(
        Http1Limits limits,
        Http2Limits http2,
        int readAhead,
        int replay,
        boolean makeTraceparent,
        double sampled,
        boolean followsParents,
        @Nullable String via,
        TrustedProxies forwarded,
        Timeouts timeouts,
        Rates rates) {

    /**
     * How long things may take, in nanoseconds.
     *
     * @param header from a request's first byte to its head's end
     * @param headerMax the same, however fast it comes
     * @param keepAlive between requests
     * @param queue waiting for a connection to a server
     * @param connect connecting to a server
     * @param response from the request sent to the response's first byte
     * @param stream without a byte in either direction while a body is under way
     * @param tunnel the same for a WebSocket
     */
    public record Timeouts(
            long header,
            long headerMax,
            long keepAlive,
            long queue,
            long connect,
            long response,
            long stream,
            long tunnel) {}

    /** Bytes a second that clients have to send or take while they are waited for; 0 for any. */
    public record Rates(long head, long body, long response) {}
}
