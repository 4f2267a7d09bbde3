package io.plinth.lbproxy.trace;

import io.plinth.kit.tracing.OtlpRequest;
import io.plinth.kit.tracing.OtlpSpan;
import java.io.IOException;
import java.util.HexFormat;

/** Requests as spans, with the attributes that OpenTelemetry's conventions for HTTP name. */
public final class RequestSpans {
    private static final HexFormat HEX = HexFormat.of();

    private RequestSpans() {}

    /** Of a node. */
    public static OtlpRequest<Span> of(String node) {
        return new OtlpRequest<>(node, "io.plinth.lbproxy", RequestSpans::write);
    }

    private static void write(Span span, OtlpSpan to) throws IOException {
        Span.Ids ids = span.ids();
        to.ids(
                HEX.toHexDigits(ids.traceHigh()) + HEX.toHexDigits(ids.traceLow()),
                ids.id(),
                ids.parent(),
                span.state());
        to.done(
                span.route() == null ? span.method() : span.method() + " " + span.route(),
                span.startNanos(),
                span.endNanos(),
                span.status() >= 500);
        to.text("http.request.method", span.method());
        to.text("url.path", span.path());
        to.text("url.scheme", span.scheme());
        to.text("server.address", span.host());
        to.text("client.address", span.client());
        to.text("http.route", span.route());
        to.text("plinth.pool", span.pool());
        to.text("plinth.server", span.server());
        to.number("plinth.attempts", span.attempts());
        to.number("http.response.status_code", span.status());
    }
}
