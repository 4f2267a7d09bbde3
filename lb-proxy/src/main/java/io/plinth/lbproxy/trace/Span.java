package io.plinth.lbproxy.trace;

import org.jspecify.annotations.Nullable;

/**
 * One request, as a tracing backend sees it.
 *
 * @param state the caller's tracestate
 * @param startNanos since 1970
 * @param status the client's
 */
public record Span(
        Ids ids,
        @Nullable String state,
        String method,
        String path,
        String scheme,
        @Nullable String host,
        String client,
        @Nullable String route,
        @Nullable String pool,
        @Nullable String server,
        int attempts,
        int status,
        long startNanos,
        long endNanos) {

    /**
     * What it is called.
     *
     * @param parent the caller's span; 0 for none
     */
    public record Ids(long traceHigh, long traceLow, long id, long parent) {}
}
