package io.plinth.lbproxy.wire.http1;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a head's fields say together: how long the body is, whether the connection lasts, what goes no further.
 * Owned by the event loop of the connection that parses the head; reused for each message.
 */
public final class Framing {
    /** How a body is delimited (RFC 9112 6.3). */
    public enum Body {
        NONE,
        LENGTH,
        CHUNKED,
        UNTIL_CLOSE
    }

    private static final byte[] CHUNKED = ascii("chunked");
    private static final byte[] CLOSE = ascii("close");
    private static final byte[] KEEP_ALIVE = ascii("keep-alive");
    private static final byte[] UPGRADE = ascii("upgrade");
    private static final byte[] WEBSOCKET = ascii("websocket");
    private static final byte[] CONTINUE = ascii("100-continue");
    private static final int MAX_LENGTH_DIGITS = 18;

    /** What a Connection header cannot take away, since every hop needs it. */
    private static final long PROTECTED = HeaderName.bit(HeaderName.HOST)
            | HeaderName.bit(HeaderName.CONTENT_LENGTH)
            | HeaderName.bit(HeaderName.TRANSFER_ENCODING)
            | HeaderName.bit(HeaderName.CONNECTION)
            | HeaderName.bit(HeaderName.UPGRADE)
            | HeaderName.bit(HeaderName.KEEP_ALIVE);

    private Body body = Body.NONE;
    private long length;
    private boolean keepAlive;
    private boolean closeNamed;
    private boolean upgradeToken;
    private boolean upgrade;
    private boolean expectContinue;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Judges a request; null when it is right. */
    public @Nullable Rejection request(RequestHead head) {
        Rejection wrong = host(head);
        if (wrong == null) {
            wrong = lengthOrChunked(head, head.http10());
        }
        if (wrong != null) {
            return wrong;
        }
        if (body == Body.UNTIL_CLOSE) {
            body = Body.NONE;
        }
        connection(head, head.http10());
        // RFC 9110 7.8: HTTP/1.0 cannot ask for it.
        upgrade = body == Body.NONE && head.method() == RequestHead.Method.GET && !head.http10() && websocket(head);
        return expectation(head);
    }

    /**
     * Judges a request that came as HTTP/2; null when it is right.
     *
     * @param ended whether it has no body
     */
    public @Nullable Rejection http2Request(RequestHead head, boolean ended) {
        Rejection wrong = host(head);
        if (wrong == null) {
            wrong = http2Length(head, ended);
        }
        keepAlive = true;
        upgrade = head.extendedConnect();
        if (upgrade) {
            body = Body.NONE;
        }
        return wrong == null ? expectation(head) : wrong;
    }

    /** RFC 9110 10.1.1: what servers may read in different ways is refused, and HTTP/1.0 expects nothing. */
    private @Nullable Rejection expectation(RequestHead head) {
        expectContinue = false;
        if (!head.has(HeaderName.EXPECT) || head.http10()) {
            return null;
        }
        int field = head.first(HeaderName.EXPECT);
        if (head.repeats(HeaderName.EXPECT) || !head.valueIs(field, CONTINUE)) {
            return Rejection.EXPECTATION;
        }
        head.value(field, CONTINUE);
        expectContinue = body != Body.NONE;
        return null;
    }

    /** RFC 9113 8.1.1: DATA frames delimit a body, Content-Length only has to agree with them. */
    private @Nullable Rejection http2Length(Head head, boolean ended) {
        length = 0;
        body = ended ? Body.NONE : Body.CHUNKED;
        if (!head.has(HeaderName.CONTENT_LENGTH)) {
            return null;
        }
        if (head.repeats(HeaderName.CONTENT_LENGTH) || !length(head, head.first(HeaderName.CONTENT_LENGTH))) {
            return Rejection.CONTENT_LENGTH;
        }
        if (!ended) {
            body = Body.LENGTH;
        }
        return null;
    }

    /**
     * Judges a response; null when it is right.
     *
     * @param toHead whether it answers a HEAD request
     */
    public @Nullable Rejection response(ResponseHead head, boolean toHead) {
        Rejection wrong = lengthOrChunked(head, head.http10());
        if (wrong != null) {
            return wrong;
        }
        connection(head, head.http10());
        int status = head.status();
        upgrade = status == 101 && websocket(head);
        if (toHead || status < 200 || status == 204 || status == 304) {
            body = Body.NONE;
        } else if (body == Body.UNTIL_CLOSE) {
            keepAlive = false;
        }
        return null;
    }

    private static @Nullable Rejection host(RequestHead head) {
        if (!head.has(HeaderName.HOST)) {
            return head.http10() && !head.absolute() ? null : Rejection.HOST;
        }
        if (head.repeats(HeaderName.HOST)) {
            return Rejection.HOST;
        }
        int field = head.first(HeaderName.HOST);
        int from = head.valueStart(field);
        int to = head.valueEnd(field);
        if (!authority(head.bytes(), from, to)) {
            return Rejection.HOST;
        }
        return head.absolute() && !sameAuthority(head, from, to) ? Rejection.HOST : null;
    }

    private static boolean sameAuthority(RequestHead head, int from, int to) {
        byte[] bytes = head.bytes();
        int other = head.authority();
        if (head.path() - other != to - from) {
            return false;
        }
        for (int i = from; i < to; i++, other++) {
            if (Octets.lower(bytes[i]) != Octets.lower(bytes[other])) {
                return false;
            }
        }
        return true;
    }

    /** RFC 3986 3.2.2 and 3.2.3 without user information: name, IPv4 or [IPv6], and a port. */
    private static boolean authority(byte[] bytes, int from, int to) {
        if (from == to) {
            return false;
        }
        int at = from;
        if (bytes[at] == '[') {
            at++;
            while (at < to && (hex(bytes[at]) >= 0 || bytes[at] == ':' || bytes[at] == '.')) {
                at++;
            }
            if (at == to || bytes[at] != ']' || at == from + 1) {
                return false;
            }
            at++;
        } else {
            while (at < to && registered(bytes[at])) {
                at++;
            }
            if (at == from) {
                return false;
            }
        }
        if (at < to && bytes[at] == ':') {
            int port = ++at;
            while (at < to && bytes[at] >= '0' && bytes[at] <= '9') {
                at++;
            }
            return at == to && at - port <= 5;
        }
        return at == to;
    }

    private static boolean registered(byte b) {
        byte lower = Octets.lower(b);
        return (lower >= 'a' && lower <= 'z')
                || (b >= '0' && b <= '9')
                || b == '-'
                || b == '.'
                || b == '_'
                || b == '~'
                || b == '%';
    }

    static int hex(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    /** RFC 9112 6: sets {@link #body} to what the two framing fields say, UNTIL_CLOSE for neither. */
    private @Nullable Rejection lengthOrChunked(Head head, boolean http10) {
        body = Body.UNTIL_CLOSE;
        length = 0;
        boolean hasLength = head.has(HeaderName.CONTENT_LENGTH);
        if (head.has(HeaderName.TRANSFER_ENCODING)) {
            if (hasLength) {
                return Rejection.LENGTH_AND_ENCODING;
            }
            if (http10 || head.repeats(HeaderName.TRANSFER_ENCODING)) {
                return Rejection.TRANSFER_ENCODING;
            }
            body = Body.CHUNKED;
            int field = head.first(HeaderName.TRANSFER_ENCODING);
            if (!head.valueIs(field, CHUNKED)) {
                return otherCoding(head, field);
            }
            head.value(field, CHUNKED);
            return null;
        }
        if (!hasLength) {
            return null;
        }
        if (head.repeats(HeaderName.CONTENT_LENGTH) || !length(head, head.first(HeaderName.CONTENT_LENGTH))) {
            return Rejection.CONTENT_LENGTH;
        }
        body = length == 0 ? Body.NONE : Body.LENGTH;
        return null;
    }

    /** RFC 9112 6.1: a coding we do not know is 501; a list that ends in something unknown cannot be framed at all. */
    private static Rejection otherCoding(Head head, int field) {
        byte[] bytes = head.bytes();
        int last = head.valueEnd(field);
        while (last > head.valueStart(field) && Octets.token(bytes[last - 1]) != 0) {
            last--;
        }
        boolean endsInChunked = Octets.equalsIgnoreCase(bytes, last, head.valueEnd(field), CHUNKED);
        int before = last;
        while (before > head.valueStart(field) && (bytes[before - 1] == ' ' || bytes[before - 1] == '\t')) {
            before--;
        }
        boolean list = before > head.valueStart(field) && bytes[before - 1] == ',';
        return endsInChunked && list ? Rejection.TRANSFER_CODING : Rejection.TRANSFER_ENCODING;
    }

    /** RFC 9110 8.6: 1*DIGIT and nothing else. */
    private boolean length(Head head, int field) {
        byte[] bytes = head.bytes();
        int from = head.valueStart(field);
        int to = head.valueEnd(field);
        if (from == to || to - from > MAX_LENGTH_DIGITS) {
            return false;
        }
        long value = 0;
        for (int i = from; i < to; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            value = value * 10 + digit;
        }
        length = value;
        return true;
    }

    /** RFC 9110 7.6.1 and RFC 9112 9.3. */
    private void connection(Head head, boolean http10) {
        keepAlive = !http10;
        closeNamed = false;
        upgradeToken = false;
        if (!head.has(HeaderName.CONNECTION)) {
            return;
        }
        for (int field = head.first(HeaderName.CONNECTION); field < head.count(); field++) {
            if (head.id(field) == HeaderName.CONNECTION) {
                connectionTokens(head, field);
            }
        }
    }

    private void connectionTokens(Head head, int field) {
        byte[] bytes = head.bytes();
        int to = head.valueEnd(field);
        int at = head.valueStart(field);
        while (at < to) {
            int start = at;
            while (at < to && Octets.token(bytes[at]) != 0) {
                at++;
            }
            if (at > start) {
                connectionToken(head, start, at);
            } else {
                at++;
            }
        }
    }

    private void connectionToken(Head head, int from, int to) {
        byte[] bytes = head.bytes();
        if (Octets.equalsIgnoreCase(bytes, from, to, CLOSE)) {
            keepAlive = false;
            closeNamed = true;
        } else if (Octets.equalsIgnoreCase(bytes, from, to, KEEP_ALIVE)) {
            keepAlive |= !closeNamed;
        } else if (Octets.equalsIgnoreCase(bytes, from, to, UPGRADE)) {
            upgradeToken = true;
        } else {
            for (int field = 0; field < head.count(); field++) {
                if ((HeaderName.bit(head.id(field)) & PROTECTED) == 0 && sameName(head, field, from, to)) {
                    head.namedByConnection(field);
                }
            }
        }
    }

    private static boolean sameName(Head head, int field, int from, int to) {
        byte[] bytes = head.bytes();
        int at = head.nameStart(field);
        if (head.nameEnd(field) - at != to - from) {
            return false;
        }
        for (int i = from; i < to; i++, at++) {
            if (Octets.lower(bytes[i]) != Octets.lower(bytes[at])) {
                return false;
            }
        }
        return true;
    }

    private boolean websocket(Head head) {
        return upgradeToken
                && head.has(HeaderName.UPGRADE)
                && !head.repeats(HeaderName.UPGRADE)
                && head.valueIs(head.first(HeaderName.UPGRADE), WEBSOCKET);
    }

    public Body body() {
        return body;
    }

    /** The body's length when it is {@link Body#LENGTH}. */
    public long length() {
        return length;
    }

    /** Whether the sender means the connection to last after this message. */
    public boolean keepAlive() {
        return keepAlive;
    }

    /** Whether a request asks for a WebSocket, or a 101 response gives one. */
    public boolean upgrade() {
        return upgrade;
    }

    /** Whether the client may wait for 100 before it sends the body. */
    public boolean expectContinue() {
        return expectContinue;
    }
}
