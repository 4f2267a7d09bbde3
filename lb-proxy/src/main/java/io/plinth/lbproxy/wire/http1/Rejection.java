package io.plinth.lbproxy.wire.http1;

/** Why a message is refused, and the status its sender gets; the connection closes after each of them. */
public enum Rejection {
    /** RFC 9112 3: not {@code method SP target SP version}. */
    REQUEST_LINE(400, "malformed request line"),
    /** RFC 9110 9.1: a method is a token. */
    METHOD(400, "malformed method"),
    /** RFC 9110 9.3.6: a reverse proxy has no tunnels to give. */
    CONNECT(501, "CONNECT is not served here"),
    /** RFC 9112 3.2: not a form this method may have, or a byte that no URI has. */
    TARGET(400, "malformed request target"),
    /** RFC 3986 6.2.2.3: clients take dot segments out; one that stays is meant to get around a path rule. */
    DOT_SEGMENT(400, "dot segment in the request target"),
    TARGET_TOO_LONG(414, "request line longer than limits.request-line"),
    VERSION(505, "HTTP version other than 1.0 and 1.1"),
    STATUS_LINE(502, "malformed status line"),
    /** RFC 9112 2.2: CR only before LF, LF only after CR. */
    BARE_CR_LF(400, "bare CR or LF in the head"),
    CONTROL_BYTE(400, "control byte in the head"),
    /** RFC 9112 5.2. */
    LINE_FOLDING(400, "folded header line"),
    HEADER_NAME(400, "malformed header name"),
    /** RFC 9112 5.1: MUST be refused. */
    SPACE_BEFORE_COLON(400, "space before the colon of a header"),
    HEADERS_TOO_LARGE(431, "header fields larger than limits.header-bytes"),
    TOO_MANY_HEADERS(431, "more header fields than limits.headers"),
    /** RFC 9112 3.2. */
    HOST(400, "Host missing, repeated, malformed or other than the request target's"),
    CONTENT_LENGTH(400, "Content-Length malformed or repeated"),
    /** RFC 9112 6.1 and 6.3: nobody sends both in good faith. */
    LENGTH_AND_ENCODING(400, "both Content-Length and Transfer-Encoding"),
    TRANSFER_ENCODING(400, "Transfer-Encoding not ending in chunked, repeated, or in HTTP/1.0"),
    TRANSFER_CODING(501, "transfer coding other than chunked"),
    CHUNK(400, "malformed chunk"),
    CHUNK_LINE_TOO_LONG(400, "chunk line longer than limits.chunk-line"),
    TRAILERS_TOO_LARGE(431, "trailer fields larger than limits.trailer-bytes"),
    BODY_TOO_LARGE(413, "body larger than limits.body"),
    /** RFC 9110 10.1.1. */
    EXPECTATION(417, "Expect other than 100-continue, or repeated");

    private final int status;
    private final String text;

    Rejection(int status, String text) {
        this.status = status;
        this.text = text;
    }

    /** The status a client gets for it; a server's message that is refused becomes 502 whatever this says. */
    public int status() {
        return status;
    }

    /** One line for the error page and the log. */
    public String text() {
        return text;
    }
}
