package io.plinth.lbproxy.wire.http1;

import org.jspecify.annotations.Nullable;

/** The fields after a chunked body. Owned by the event loop of the connection that parses into it. */
public final class TrailerFields extends Head {
    /** What must not be merged or forwarded from a trailer: framing, routing, authentication (RFC 9110 6.5.1). */
    public static final long FORBIDDEN = HeaderName.bit(HeaderName.HOST)
            | HeaderName.bit(HeaderName.CONTENT_LENGTH)
            | HeaderName.bit(HeaderName.TRANSFER_ENCODING)
            | HeaderName.bit(HeaderName.CONNECTION)
            | HeaderName.bit(HeaderName.KEEP_ALIVE)
            | HeaderName.bit(HeaderName.PROXY_CONNECTION)
            | HeaderName.bit(HeaderName.TE)
            | HeaderName.bit(HeaderName.UPGRADE)
            | HeaderName.bit(HeaderName.EXPECT)
            | HeaderName.bit(HeaderName.X_FORWARDED_FOR)
            | HeaderName.bit(HeaderName.X_FORWARDED_PROTO)
            | HeaderName.bit(HeaderName.X_FORWARDED_HOST)
            | HeaderName.bit(HeaderName.X_FORWARDED_PORT)
            | HeaderName.bit(HeaderName.FORWARDED)
            | HeaderName.bit(HeaderName.TRAILER)
            | HeaderName.bit(HeaderName.AUTHORIZATION)
            | HeaderName.bit(HeaderName.COOKIE)
            | HeaderName.bit(HeaderName.SET_COOKIE)
            | HeaderName.bit(HeaderName.CONTENT_ENCODING)
            | HeaderName.bit(HeaderName.CONTENT_TYPE)
            | HeaderName.bit(HeaderName.CONTENT_RANGE)
            | HeaderName.bit(HeaderName.CACHE_CONTROL)
            | HeaderName.bit(HeaderName.PROXY_AUTHENTICATE)
            | HeaderName.bit(HeaderName.PROXY_AUTHORIZATION);

    @Override
    @Nullable
    Rejection startLine(byte[] line, int from, int to) {
        throw new IllegalStateException("trailers have no start line");
    }
}
