package io.plinth.lbproxy.admin;

import io.plinth.lbproxy.trace.Span;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import org.jspecify.annotations.Nullable;

/** What one request's line in the access log is made of. Owned by the event loop of the request; reused. */
public final class AccessEntry {
    private final RequestHead request;
    private String client = "-";
    private @Nullable String route;
    private @Nullable String pool;
    private @Nullable String server;
    private int attempts;
    private int status;
    private long bodyBytes;
    private long begun;
    private long sent;
    private long firstByte;
    private long ended;

    /** Describes requests whose head is read into {@code request}. */
    public AccessEntry(RequestHead request) {
        this.request = request;
    }

    /** A request's first byte came. */
    public void begin(long now) {
        begun = now;
        client = "-";
        route = null;
        pool = null;
        server = null;
        attempts = 0;
        status = 0;
        bodyBytes = 0;
        sent = 0;
        firstByte = 0;
        ended = now;
    }

    /** Who asks. */
    public void client(String address) {
        client = address;
    }

    /** Where it goes. */
    public void routed(@Nullable String toRoute, @Nullable String toPool) {
        route = toRoute;
        pool = toPool;
    }

    /** A server is tried. */
    public void tried(String name) {
        server = name;
    }

    /** The head went to the server. */
    public void sent(long now) {
        attempts++;
        sent = now;
        firstByte = 0;
    }

    /** The head went to a second server too. */
    public void hedged() {
        attempts++;
    }

    /** The answer is that of the second server, which was asked at {@code at}. */
    public void hedgeWon(String name, long at) {
        server = name;
        sent = at;
    }

    /** A byte of the response came; returns how long that took. */
    public long firstByte(long now) {
        firstByte = now;
        return now - sent;
    }

    /** It is over; {@code finalStatus} is what the client got, {@code bytes} of body. */
    public void end(long now, int finalStatus, long bytes) {
        ended = now;
        status = finalStatus;
        bodyBytes = bytes;
    }

    /** It as a span that ended at {@code now}, in nanoseconds since 1970. */
    public Span span(Span.Ids ids, String scheme, long now) {
        return new Span(
                ids,
                ids.parent() == 0 ? null : header(HeaderName.TRACESTATE),
                request.text(request.methodStart(), request.methodEnd()),
                request.text(request.path(), request.pathEnd()),
                scheme,
                header(HeaderName.HOST),
                client,
                route,
                pool,
                server,
                attempts,
                status,
                now - nanos(),
                now);
    }

    private @Nullable String header(int id) {
        return request.has(id) ? request.value(request.first(id)) : null;
    }

    /** From the first byte of the request to its end. */
    public long nanos() {
        return ended - begun;
    }

    /** The name of the server tried last. */
    public String serverName() {
        String name = server;
        return name == null ? "-" : name;
    }

    String client() {
        return client;
    }

    RequestHead request() {
        return request;
    }

    boolean requestLineRead() {
        return request.fieldsStart() > 0;
    }

    @Nullable
    String route() {
        return route;
    }

    @Nullable
    String pool() {
        return pool;
    }

    @Nullable
    String server() {
        return server;
    }

    int attempts() {
        return attempts;
    }

    int status() {
        return status;
    }

    long bodyBytes() {
        return bodyBytes;
    }

    long micros() {
        return (ended - begun) / 1_000;
    }

    long serverMicros() {
        return firstByte == 0 ? 0 : (firstByte - sent) / 1_000;
    }
}
